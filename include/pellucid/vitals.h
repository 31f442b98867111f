/*
 * vitals - what a worker tells of its connections, threads, garbage and event loop, in shared
 * memory.
 *
 * Writer: the slot's worker, one thread at a time (whoever holds the loop, or the GIL), so that
 * plain additions will do; counters go on from worker to worker of a slot. The observer reads at
 * any time.
 */
#ifndef PELLUCID_VITALS_H
#define PELLUCID_VITALS_H

#include <stdatomic.h>

#include "pellucid/base.h"

/* tbl/vitals.h; what they are is in metrics.h. */
enum pel_vital {
#define PEL_VITAL(name, kind, unit, otel_name, key, value, text) PEL_VITAL_##name,
#include "pellucid/tbl/vitals.h"
#undef PEL_VITAL
    PEL_VITAL_N
};

/* Bounds of pellucid.loop.lag, and one bucket beyond. */
#define PEL_LAG_BUCKETS 12
extern const uint64_t pel_lag_bounds_ns[PEL_LAG_BUCKETS - 1];

struct pel_shm_vitals {
    _Atomic uint64_t values[PEL_VITAL_N];
    _Atomic uint64_t conns_rested; /* went from APP to IDLE beside the loop; any thread */
    _Atomic uint64_t lag_buckets[PEL_LAG_BUCKETS], lag_sum_ns;
};

static inline void pel_vital_add(struct pel_shm_vitals *vs, enum pel_vital v, uint64_t n)
{
    uint64_t value = atomic_load_explicit(&vs->values[v], memory_order_relaxed);

    atomic_store_explicit(&vs->values[v], value + n, memory_order_relaxed);
}

static inline void pel_vital_sub(struct pel_shm_vitals *vs, enum pel_vital v, uint64_t n)
{
    pel_vital_add(vs, v, 0 - n);
}

/* Any process. A connection that rests between the two looks is missed, not counted below zero. */
static inline uint64_t pel_vital_read(const struct pel_shm_vitals *vs, enum pel_vital v)
{
    uint64_t value = atomic_load_explicit(&vs->values[v], memory_order_relaxed);
    uint64_t rested = atomic_load_explicit(&vs->conns_rested, memory_order_relaxed);

    if (v == PEL_VITAL_CONN_IDLE)
        value += rested;
    else if (v == PEL_VITAL_CONN_APP)
        value -= rested;
    else
        return value;
    return (int64_t)value < 0 ? 0 : value;
}

void pel_lag_add(struct pel_shm_vitals *vs, uint64_t lag_ns);

/* What is of one moment becomes zero: a new worker, or none. */
void pel_vitals_reset(struct pel_shm_vitals *vs);

#endif
