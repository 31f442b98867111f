#include <stdlib.h>

#include "pellucid/mem.h"
#include "streams.h"

#define LOAD(field) atomic_load_explicit(&(field), memory_order_relaxed)
#define OVERFLOW_INDEX (PEL_SHM_SERIES_N - 1)

void pel_streams_each(const struct pel_shm *shm,
                      void (*each)(void *arg, const struct pel_shm_series_table *t,
                                   const struct pel_shm_series *s),
                      void *arg)
{
    for (unsigned i = 0; i < shm->n_slots; i++) {
        const struct pel_shm_slot *slot = pel_shm_slot(shm, i);
        const struct pel_shm_series_table *t = &slot->series;
        uint32_t n;

        if (!pel_shm_slot_is_used(slot))
            continue;
        n = atomic_load_explicit(&t->n, memory_order_acquire);
        for (uint32_t at = 0; at < n && at < OVERFLOW_INDEX; at++)
            each(arg, t, &t->items[at]);
        if (n >= OVERFLOW_INDEX)
            each(arg, t, &t->items[OVERFLOW_INDEX]);
    }
}

struct wanted {
    const struct pel_streams *streams;
    const struct pel_shm_series *key;
    bool is_overflow;
};

static bool is_it(const void *arg, size_t at)
{
    const struct wanted *w = arg;
    const struct pel_stream *s = &w->streams->items[at];

    return s->is_overflow == w->is_overflow && (w->is_overflow || pel_series_equal(s->key, w->key));
}

static struct pel_stream *find(struct pel_streams *ss, const struct pel_shm_series *key,
                               bool is_overflow)
{
    struct wanted w = {ss, key, is_overflow};
    size_t at = pel_lookup_find(&ss->lookup, key->hash, is_it, &w);

    if (at != SIZE_MAX)
        return &ss->items[at];
    if (ss->n == ss->cap) {
        ss->cap = ss->cap ? ss->cap * 2 : 64;
        ss->items = pel_mem_resize(ss->items, ss->cap, sizeof(*ss->items));
    }
    pel_lookup_add(&ss->lookup, key->hash, ss->n);
    ss->items[ss->n] = (struct pel_stream){.key = key, .is_overflow = is_overflow};
    return &ss->items[ss->n++];
}

static void add_sizes(struct pel_stream_sizes *to, const struct pel_shm_sizes *from)
{
    to->sum += LOAD(from->sum);
    for (size_t i = 0; i < PEL_SIZE_BUCKETS; i++)
        to->buckets[i] += LOAD(from->buckets[i]);
}

static void add(void *arg, const struct pel_shm_series_table *t, const struct pel_shm_series *from)
{
    struct pel_streams *ss = arg;
    struct pel_stream *to = find(ss, from, pel_series_is_overflow(t, from));

    to->sum_ns += LOAD(from->sum_ns);
    for (size_t i = 0; i < PEL_DURATION_BUCKETS; i++)
        to->buckets[i] += LOAD(from->buckets[i]);
    add_sizes(&to->request, &from->request);
    add_sizes(&to->response, &from->response);
    for (size_t i = 0; i < PEL_REQUEST_PHASE_N; i++)
        to->phases_ns[i] += LOAD(from->phases_ns[i]);
    if (ss->with_durations)
        pel_exp_add(&to->durations, t, from);
    to->cpu_ns += LOAD(from->cpu_ns);
    to->gil_wait_ns += LOAD(from->gil_wait_ns);
}

void pel_streams_read(struct pel_streams *ss, const struct pel_shm *shm, bool with_durations)
{
    *ss = (struct pel_streams){.with_durations = with_durations};
    pel_streams_each(shm, add, ss);
}

void pel_streams_fini(struct pel_streams *ss)
{
    for (size_t i = 0; i < ss->n; i++)
        pel_exp_fini(&ss->items[i].durations);
    free(ss->items);
    pel_lookup_fini(&ss->lookup);
    *ss = (struct pel_streams){.items = NULL};
}
