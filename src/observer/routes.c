#include <stdlib.h>

#include "pellucid/hash.h"
#include "pellucid/mem.h"
#include "routes.h"
#include "streams.h"

#define LOAD(field) atomic_load_explicit(&(field), memory_order_relaxed)

struct wanted {
    const struct pel_routes *routes;
    const struct pel_shm_series *key;
    bool is_overflow;
};

static bool is_it(const void *arg, size_t at)
{
    const struct wanted *w = arg;
    const struct pel_route *r = &w->routes->items[at];

    if (r->is_overflow || w->is_overflow)
        return r->is_overflow == w->is_overflow;
    return pel_str_eq(pel_series_route(r->key), pel_series_route(w->key)) &&
           pel_str_eq(pel_series_method(r->key), pel_series_method(w->key));
}

static uint32_t hash_of(const struct wanted *w)
{
    uint32_t hash = pel_hash_add(PEL_HASH_BEGIN, pel_series_method(w->key));

    return w->is_overflow ? PEL_HASH_BEGIN : pel_hash_add(hash, pel_series_route(w->key));
}

static struct pel_route *find(struct pel_routes *rs, const struct pel_shm_series *key,
                              bool is_overflow)
{
    struct wanted w = {rs, key, is_overflow};
    uint32_t hash = hash_of(&w);
    size_t at = pel_lookup_find(&rs->lookup, hash, is_it, &w);

    if (at != SIZE_MAX)
        return &rs->items[at];
    if (rs->n == rs->cap) {
        rs->cap = rs->cap ? rs->cap * 2 : 64;
        rs->items = pel_mem_resize(rs->items, rs->cap, sizeof(*rs->items));
    }
    pel_lookup_add(&rs->lookup, hash, rs->n);
    rs->items[rs->n] = (struct pel_route){.key = key, .is_overflow = is_overflow};
    return &rs->items[rs->n++];
}

/* What is beyond 599 is treated as 5xx: RFC 9110 15. */
static size_t class_of(uint16_t status)
{
    size_t status_class = status / 100U;

    return status_class < PEL_STATUS_CLASSES ? status_class : PEL_STATUS_CLASSES - 1;
}

static void add(void *arg, const struct pel_shm_series_table *t, const struct pel_shm_series *s)
{
    bool is_overflow = pel_series_is_overflow(t, s);
    struct pel_route *r = find(arg, s, is_overflow);
    uint64_t n = 0;

    for (size_t i = 0; i < PEL_DURATION_BUCKETS; i++)
        n += LOAD(s->buckets[i]);
    r->n += n;
    if (!is_overflow)
        r->classes[class_of(s->status)] += n;
    if (!is_overflow && pel_is_failed(s->status, (enum pel_error)s->error))
        r->n_failed += n;
    r->sum_ns += LOAD(s->sum_ns);
    r->request_bytes += LOAD(s->request.sum);
    r->response_bytes += LOAD(s->response.sum);
    for (size_t i = 0; i < PEL_REQUEST_PHASE_N; i++)
        r->phases_ns[i] += LOAD(s->phases_ns[i]);
    r->gil_wait_ns += LOAD(s->gil_wait_ns);
    pel_exp_add(&r->durations, t, s);
}

void pel_routes_read(struct pel_routes *rs, const struct pel_shm *shm)
{
    *rs = (struct pel_routes){.items = NULL};
    pel_streams_each(shm, add, rs);
}

void pel_routes_fini(struct pel_routes *rs)
{
    for (size_t i = 0; i < rs->n; i++)
        pel_exp_fini(&rs->items[i].durations);
    free(rs->items);
    pel_lookup_fini(&rs->lookup);
    *rs = (struct pel_routes){.items = NULL};
}

const struct pel_route *pel_routes_find(const struct pel_routes *rs, const struct pel_route *like)
{
    struct wanted w = {rs, like->key, like->is_overflow};
    size_t at = pel_lookup_find(&rs->lookup, hash_of(&w), is_it, &w);

    return at == SIZE_MAX ? NULL : &rs->items[at];
}
