#include "pellucid/resource.h"

#include <unistd.h>

/* Room for what is ours. */
#define OWN_MAX 12

static bool has(const struct pel_resource *r, const char *key)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->items[i].key, key) == 0)
            return true;
    return false;
}

static void add(struct pel_resource *r, const char *key, const char *text, int64_t number)
{
    if (has(r, key))
        return;
    PEL_ASSERT(r->n < PEL_RESOURCE_MAX);
    r->items[r->n++] = (struct pel_resource_attribute){key, text, number};
}

static void add_instance(struct pel_resource *r, const uint8_t instance_id[16], int32_t pid)
{
    *pel_put_uuid(r->instance_id, instance_id) = '\0';
    add(r, "service.instance.id", r->instance_id, 0);
    if (pid)
        add(r, "process.pid", NULL, pid);
}

static void add_host(struct pel_resource *r)
{
    if (gethostname(r->host, sizeof(r->host) - 1) == 0 && r->host[0])
        add(r, "host.name", r->host, 0);
}

void pel_resource_init(struct pel_resource *r, const struct pel_conf *conf,
                       const uint8_t instance_id[16], int32_t pid)
{
    const struct pel_pairs *pairs = &conf->otlp_resource;

    memset(r, 0, sizeof(*r));
    for (size_t i = 0; i < pairs->n && i < PEL_RESOURCE_MAX - OWN_MAX; i++)
        add(r, pairs->items[i].name, pairs->items[i].value, 0);
    add(r, "service.name", "unknown_service:pellucid", 0);
    add_instance(r, instance_id, pid);
    add_host(r);
    add(r, "telemetry.sdk.name", "pellucid", 0);
    add(r, "telemetry.sdk.language", "c", 0);
    add(r, "telemetry.sdk.version", PEL_VERSION, 0);
    add(r, "webengine.name", "pellucid", 0);
    add(r, "webengine.version", PEL_VERSION, 0);
}
