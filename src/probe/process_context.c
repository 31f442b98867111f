#include "process_context.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "pellucid/keyvalue.h"
#include "pellucid/mem.h"
#include "pellucid/resource.h"
#include "pellucid/time.h"

#define NAME "OTEL_CTX"
#define VERSION 2
#define SCHEMA "tlsdesc_v1_dev"

/* Fields of ProcessContext, Resource, KeyValue, AnyValue and ArrayValue. */
#define CONTEXT_RESOURCE PEL_WIRE_LEN(1)
#define CONTEXT_ATTRIBUTES PEL_WIRE_LEN(2)
#define RESOURCE_ATTRIBUTES PEL_WIRE_LEN(1)
#define ANYVALUE_ARRAY PEL_WIRE_LEN(5)
#define ARRAY_VALUES PEL_WIRE_LEN(1)

/* Most bytes that attributes take beside their texts, and all that is no attribute. */
#define AROUND_MAX 64
#define REST_MAX 512

struct header {
    char signature[8]; /* NAME without its end */
    uint32_t version, payload_len;
    _Atomic uint64_t published_ns; /* CLOCK_BOOTTIME; written last */
    uint64_t payload;
};
_Static_assert(sizeof(struct header) == 32, "as in OTEP 4719");

static size_t most_bytes(const struct pel_resource *r)
{
    size_t most = REST_MAX;

    for (size_t i = 0; i < r->n; i++)
        most += AROUND_MAX + strlen(r->items[i].key) +
                (r->items[i].text ? 3 * strlen(r->items[i].text) : 0);
    return most;
}

static void put_resource(struct pel_wire *w, const struct pel_resource *r)
{
    char *begin = pel_wire_enter(w, CONTEXT_RESOURCE);

    for (size_t i = 0; i < r->n; i++) {
        const struct pel_resource_attribute *a = &r->items[i];
        struct pel_str key = pel_str(a->key, strlen(a->key));

        if (a->text)
            pel_keyvalue_str(w, RESOURCE_ATTRIBUTES, key, pel_str(a->text, strlen(a->text)));
        else
            pel_keyvalue_int(w, RESOURCE_ATTRIBUTES, key, a->number);
    }
    pel_wire_leave(w, begin);
}

static void put_keys(struct pel_wire *w, const char *const *keys)
{
    char *attribute = pel_wire_enter(w, CONTEXT_ATTRIBUTES), *value, *array, *item;

    pel_wire_text(w, PEL_KEYVALUE_KEY, PEL_STR("threadlocal.attribute_key_map"));
    value = pel_wire_enter(w, PEL_KEYVALUE_VALUE);
    array = pel_wire_enter(w, ANYVALUE_ARRAY);
    for (; *keys; keys++) {
        item = pel_wire_enter(w, ARRAY_VALUES);
        pel_wire_text(w, PEL_ANYVALUE_STR, pel_str(*keys, strlen(*keys)));
        pel_wire_leave(w, item);
    }
    pel_wire_leave(w, array);
    pel_wire_leave(w, value);
    pel_wire_leave(w, attribute);
}

/* Its memory shows up in /proc/PID/maps under the name of the memory file, if there can be one. */
static void *map(size_t len, bool *is_named)
{
    int fd = pel_mem_file(NAME, len), flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_PRIVATE;
    void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, 0);

    *is_named = fd >= 0;
    if (fd >= 0)
        close(fd);
    return p;
}

static void fill(struct header *h, const char *payload, size_t len)
{
    memcpy(h + 1, payload, len);
    memcpy(h->signature, NAME, sizeof(h->signature));
    h->version = VERSION;
    h->payload_len = (uint32_t)len;
    h->payload = (uint64_t)(uintptr_t)(h + 1);
    atomic_store_explicit(&h->published_ns, pel_clock_ns(CLOCK_BOOTTIME), memory_order_seq_cst);
}

static int publish(struct pel_process_context *c, const char *payload, size_t len,
                   struct pel_err *err)
{
    size_t all = sizeof(struct header) + len;
    bool is_named;
    struct header *h = map(all, &is_named);

    if (h == MAP_FAILED)
        return pel_err_sys(err, "mmap");
    if (madvise(h, all, MADV_DONTFORK) < 0) {
        pel_err_sys(err, "madvise");
        goto fail;
    }
    fill(h, payload, len);
    /* Profilers may watch this call, so it comes last. A kernel that names no mappings will do,
     * where the memory file has a name. */
    if (prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, h, all, NAME) < 0 && !is_named) {
        pel_err_sys(err, "prctl");
        goto fail;
    }
    *c = (struct pel_process_context){h, all};
    return 0;
fail:
    munmap(h, all);
    return -1;
}

int pel_process_context_open(struct pel_process_context *c, const struct pel_conf *conf,
                             const uint8_t instance_id[16], int32_t pid, const char *const *keys,
                             struct pel_err *err)
{
    struct pel_resource resource;
    struct pel_wire w;
    size_t most;
    char *room;
    int rc;

    pel_resource_init(&resource, conf, instance_id, pid);
    most = most_bytes(&resource);
    room = pel_mem_new(most, 1);
    w = (struct pel_wire){room, room + most};
    put_resource(&w, &resource);
    pel_keyvalue_utf8(&w, CONTEXT_ATTRIBUTES, PEL_STR("threadlocal.schema_version"),
                      PEL_STR(SCHEMA));
    put_keys(&w, keys);
    rc = publish(c, room, (size_t)(w.p - room), err);
    free(room);
    return rc;
}

void pel_process_context_close(struct pel_process_context *c)
{
    if (c->mapping)
        munmap(c->mapping, c->len);
    c->mapping = NULL;
}
