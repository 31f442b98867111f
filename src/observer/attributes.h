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

#define PEL_ATTRIBUTES_MAX 96

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

/* Is that key on the list? */
bool pel_attributes_has(const struct pel_attributes *as, const char *key);

#endif
