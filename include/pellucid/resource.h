/*
 * resource - who speaks: the attributes of a worker, or of the server, as OTLP has them.
 *
 * otlp.resource of the configuration, and what we know ourselves where that says nothing else. The
 * observer exports them; a worker publishes its own (process_context.h).
 */
#ifndef PELLUCID_RESOURCE_H
#define PELLUCID_RESOURCE_H

#include "pellucid/conf.h"
#include "pellucid/put.h"

/* Most attributes there are; what the configuration has beyond that is left out. */
#define PEL_RESOURCE_MAX 96

struct pel_resource_attribute {
    const char *key;  /* each once */
    const char *text; /* NULL: it is the number; bytes that may be no UTF-8 */
    int64_t number;
};

struct pel_resource {
    struct pel_resource_attribute items[PEL_RESOURCE_MAX];
    size_t n;
    char instance_id[PEL_UUID_LEN + 1], host[256]; /* texts of items */
};

/* Of a worker, or with the header's instance_id and pid 0 of the whole server. Borrows from conf,
 * and from itself: not to be copied. */
void pel_resource_init(struct pel_resource *r, const struct pel_conf *conf,
                       const uint8_t instance_id[16], int32_t pid);

#endif
