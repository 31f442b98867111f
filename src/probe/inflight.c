#include "pellucid/inflight.h"

#include "probes.h"

#define NO_ENTRY UINT32_MAX /* the table is full */

static int start(struct pel_probes *ps, struct pel_err *err)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(ps->inflight.free_bits); i++)
        atomic_init(&ps->inflight.free_bits[i], UINT64_MAX);
    for (size_t i = 0; i < PEL_SHM_INFLIGHT_N; i++) {
        struct pel_shm_inflight *e = &ps->slot->inflight[i];

        if (atomic_load_explicit(&e->start_ns, memory_order_relaxed))
            atomic_store_explicit(&e->start_ns, 0, memory_order_relaxed);
    }
    return 0;
}

/* Takes the lowest free entry, so that few requests in flight touch few cache lines. */
static uint32_t take_entry(struct pel_inflight *in)
{
    for (uint32_t i = 0; i < PEL_ARRAY_LEN(in->free_bits); i++) {
        uint64_t bits = atomic_load_explicit(&in->free_bits[i], memory_order_relaxed);

        while (bits) {
            uint64_t rest = bits & (bits - 1);

            if (atomic_compare_exchange_weak_explicit(&in->free_bits[i], &bits, rest,
                                                      memory_order_acquire, memory_order_relaxed))
                return i * 64 + (uint32_t)__builtin_ctzll(bits);
        }
    }
    return NO_ENTRY;
}

static void give_entry(struct pel_inflight *in, uint32_t i)
{
    atomic_fetch_or_explicit(&in->free_bits[i / 64], 1ULL << (i % 64), memory_order_release);
}

static size_t min_len(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void fill_entry(struct pel_shm_inflight *e, const struct pel_record *rec)
{
    size_t method_len = min_len(rec->method.len, sizeof(e->method));
    uint64_t now = rec->stamp_ns[PEL_STAMP_FIRST_BYTE];

    /* Who reads a part of what follows sees the 0 that freed the entry, too. */
    atomic_thread_fence(memory_order_release);
    memcpy(e->trace_id, rec->trace.trace_id, sizeof(e->trace_id));
    memcpy(e->span_id, rec->trace.span_id, sizeof(e->span_id));
    memcpy(e->parent_span_id, rec->trace.parent_span_id, sizeof(e->parent_span_id));
    e->trace_flags = rec->trace.flags;
    e->has_parent = rec->trace.has_parent;
    e->version_minor = rec->version_minor;
    e->is_https = pel_record_is_https(rec);
    e->path_len = (uint8_t)min_len(rec->path.len, sizeof(e->path));
    if (e->path_len)
        memcpy(e->path, rec->path.p, e->path_len);
    memset(e->method, 0, sizeof(e->method));
    if (method_len)
        memcpy(e->method, rec->method.p, method_len);
    atomic_store_explicit(&e->app_start_ns, 0, memory_order_relaxed);
    atomic_store_explicit(&e->cpu_ns, 0, memory_order_relaxed);
    atomic_store_explicit(&e->phase, PEL_REQUEST_PHASE_QUEUE, memory_order_relaxed);
    atomic_store_explicit(&e->route_len, 0, memory_order_relaxed);
    atomic_store_explicit(&e->start_ns, now ? now : 1, memory_order_release);
}

static struct pel_shm_active *active_of(struct pel_shm_slot *slot, const struct pel_record *rec)
{
    return &slot->active[2 * pel_method_index(rec->method) + pel_record_is_https(rec)];
}

static void begin(struct pel_probes *ps, struct pel_record *rec)
{
    uint32_t i = take_entry(&ps->inflight);

    rec->active = active_of(ps->slot, rec);
    atomic_fetch_add_explicit(&rec->active->begun, 1, memory_order_relaxed);
    if (PEL_UNLIKELY(i == NO_ENTRY)) {
        atomic_fetch_add_explicit(&ps->slot->inflight_lost, 1, memory_order_relaxed);
        return;
    }
    rec->inflight = &ps->slot->inflight[i];
    fill_entry(rec->inflight, rec);
    if (PEL_UNLIKELY(rec->route.len))
        pel_inflight_show_route(rec, rec->route);
}

static void app_enter(struct pel_probes *ps, struct pel_record *rec)
{
    if (PEL_LIKELY(rec->inflight != NULL))
        atomic_store_explicit(&rec->inflight->app_start_ns, rec->stamp_ns[PEL_STAMP_APP_START],
                              memory_order_relaxed);
}

static void app_leave(struct pel_probes *ps, struct pel_record *rec)
{
    if (PEL_LIKELY(rec->inflight != NULL))
        atomic_store_explicit(&rec->inflight->cpu_ns, rec->spent.cpu_ns, memory_order_relaxed);
}

static void finish(struct pel_probes *ps, struct pel_record *rec)
{
    struct pel_shm_inflight *e = rec->inflight;

    if (!rec->active)
        return;
    pel_counter_publish(&rec->active->ended, 1);
    if (e) {
        atomic_store_explicit(&e->start_ns, 0, memory_order_release);
        give_entry(&ps->inflight, (uint32_t)(e - ps->slot->inflight));
    }
    rec->inflight = NULL;
    rec->active = NULL;
}

void pel_inflight_show_route(const struct pel_record *rec, struct pel_str route)
{
    struct pel_shm_inflight *e = rec->inflight;
    size_t len = min_len(route.len, sizeof(e->route));

    if (!e)
        return;
    atomic_store_explicit(&e->route_len, 0, memory_order_relaxed);
    if (len)
        memcpy(e->route, route.p, len);
    atomic_store_explicit(&e->route_len, (uint8_t)len, memory_order_release);
}

uint64_t pel_active_sum(const struct pel_shm_slot *slot)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < PEL_ACTIVE_N; i++)
        sum += pel_active_count(&slot->active[i]);
    return sum;
}

void pel_active_reset(struct pel_shm_slot *slot)
{
    for (size_t i = 0; i < PEL_ACTIVE_N; i++) {
        struct pel_shm_active *a = &slot->active[i];
        uint64_t begun = atomic_load_explicit(&a->begun, memory_order_relaxed);

        atomic_store_explicit(&a->ended, begun, memory_order_release);
    }
}

const struct pel_probe pel_probe_inflight = {
    .name = "inflight",
    .start = start,
    .begin = begin,
    .app_enter = app_enter,
    .app_leave = app_leave,
    .finish = finish,
};
