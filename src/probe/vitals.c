#include "pellucid/metrics.h"
#include "pellucid/time.h"

const struct pel_vital_info pel_vital_infos[PEL_VITAL_N] = {
#define PEL_VITAL(name, kind, unit, otel_name, key, value, text)                                   \
    {{PEL_METRIC_KIND_##kind, unit, otel_name, text}, key, value},
#include "pellucid/tbl/vitals.h"
#undef PEL_VITAL
};

#define US PEL_NS_PER_US
#define MS PEL_NS_PER_MS
const uint64_t pel_lag_bounds_ns[PEL_LAG_BUCKETS - 1] = {
    1 * MS,   2500 * US, 5 * MS,   10 * MS,   25 * MS,   50 * MS,
    100 * MS, 250 * MS,  500 * MS, 1000 * MS, 2500 * MS,
};

void pel_lag_add(struct pel_shm_vitals *vs, uint64_t lag_ns)
{
    size_t i = 0;

    while (i < PEL_LAG_BUCKETS - 1 && lag_ns > pel_lag_bounds_ns[i])
        i++;
    atomic_fetch_add_explicit(&vs->lag_buckets[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&vs->lag_sum_ns, lag_ns, memory_order_relaxed);
}

void pel_vitals_reset(struct pel_shm_vitals *vs)
{
    for (size_t i = 0; i < PEL_VITAL_N; i++)
        if (pel_vital_infos[i].metric.kind != PEL_METRIC_KIND_COUNTER)
            atomic_store_explicit(&vs->values[i], 0, memory_order_relaxed);
    atomic_store_explicit(&vs->conns_rested, 0, memory_order_relaxed);
}
