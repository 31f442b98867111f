#include <unistd.h>

#include "resource.h"
#include "text.h"

/* Attributes of the configuration beyond these are left out; no service needs so many. */
#define CONFIGURED_MAX (PEL_ATTRIBUTES_MAX - 12)

static void add_default(struct pel_attributes *as, const char *key, const char *value)
{
    if (!pel_attributes_has(as, key))
        pel_attributes_cstr(as, key, value);
}

static void add_instance(struct pel_attributes *as, const uint8_t instance_id[16], int32_t pid)
{
    char uuid[PEL_UUID_TEXT_LEN + 1];

    pel_text_uuid(uuid, instance_id);
    add_default(as, "service.instance.id", uuid);
    if (pid && !pel_attributes_has(as, "process.pid"))
        pel_attributes_int(as, "process.pid", pid);
}

void pel_resource_attributes(struct pel_attributes *as, const struct pel_conf *conf,
                             const uint8_t instance_id[16], int32_t pid)
{
    const struct pel_pairs *pairs = &conf->otlp_resource;
    char host[256] = "";

    for (size_t i = 0; i < pairs->n && i < CONFIGURED_MAX; i++)
        pel_attributes_cstr(as, pairs->items[i].name, pairs->items[i].value);
    add_default(as, "service.name", "unknown_service:pellucid");
    add_instance(as, instance_id, pid);
    if (gethostname(host, sizeof(host) - 1) == 0 && host[0])
        add_default(as, "host.name", host);
    add_default(as, "telemetry.sdk.name", "pellucid");
    add_default(as, "telemetry.sdk.language", "c");
    add_default(as, "telemetry.sdk.version", PEL_VERSION);
    add_default(as, "webengine.name", "pellucid");
    add_default(as, "webengine.version", PEL_VERSION);
}
