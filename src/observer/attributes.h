/*
 * attributes - a list of OTLP attributes under construction.
 *
 * Owner: the caller, on its stack; keys are literals or outlive the list, values are copied into
 * the arena as UTF-8. More than PEL_ATTRIBUTES_MAX is a bug.
 */
#ifndef PELLUCID_OBSERVER_ATTRIBUTES_H
#define PELLUCID_OBSERVER_ATTRIBUTES_H

#include "otlp.pb-c.h"
#include "pellucid/arena.h"
#include "pellucid/conf.h"
#include "pellucid/resource.h"

#define PEL_ATTRIBUTES_MAX PEL_RESOURCE_MAX

struct pel_attributes {
    struct pel_arena *arena;
    Otlp__KeyValue *items[PEL_ATTRIBUTES_MAX];
    size_t n;
};

void pel_attributes_init(struct pel_attributes *as, struct pel_arena *arena);

void pel_attributes_str(struct pel_attributes *as, const char *key, struct pel_str value);
void pel_attributes_cstr(struct pel_attributes *as, const char *key, const char *value);
void pel_attributes_int(struct pel_attributes *as, const char *key, int64_t value);
void pel_attributes_double(struct pel_attributes *as, const char *key, double value);
void pel_attributes_bool(struct pel_attributes *as, const char *key, bool value);
void pel_attributes_seconds(struct pel_attributes *as, const char *key, uint64_t ns);

/* All of a resource (resource.h); keys of conf are borrowed. */
void pel_attributes_resource(struct pel_attributes *as, const struct pel_conf *conf,
                             const uint8_t instance_id[16], int32_t pid);

#endif
