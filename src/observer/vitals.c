#include "vitals.h"

/* Values of digits are numbers. */
static void add_attribute(struct pel_labels *ls, const struct pel_vital_info *info)
{
    char c = info->value[0];

    if (c >= '0' && c <= '9')
        pel_labels_number(ls, info->key, c - '0');
    else if (info->key[0])
        pel_labels_cstr(ls, info->key, info->value);
}

static void collect_each(struct pel_sink *sink, struct pel_shm *shm, enum pel_vital v)
{
    for (unsigned i = 0; i < shm->n_slots; i++) {
        const struct pel_shm_slot *slot = pel_shm_slot(shm, i);
        struct pel_labels ls = {.n = 0};

        if (atomic_load_explicit(&slot->state, memory_order_relaxed) == PEL_SLOT_EMPTY)
            continue;
        pel_labels_number(&ls, "pellucid.worker.id", i);
        add_attribute(&ls, &pel_vital_infos[v]);
        sink->point(sink, &ls, pel_vital_read(&slot->vitals, v));
    }
}

static void collect_sum(struct pel_sink *sink, struct pel_shm *shm, enum pel_vital v)
{
    struct pel_labels ls = {.n = 0};
    uint64_t sum = 0;

    for (unsigned i = 0; i < shm->n_slots; i++) {
        const struct pel_shm_slot *slot = pel_shm_slot(shm, i);

        if (pel_shm_slot_is_used(slot))
            sum += pel_vital_read(&slot->vitals, v);
    }
    add_attribute(&ls, &pel_vital_infos[v]);
    sink->point(sink, &ls, sum);
}

static bool is_first_of_family(enum pel_vital v)
{
    return v == 0 ||
           strcmp(pel_vital_infos[v - 1].metric.name, pel_vital_infos[v].metric.name) != 0;
}

static void collect_lag(struct pel_sink *sink, struct pel_shm *shm)
{
    static const struct pel_metric_info info = {
        PEL_METRIC_KIND_HISTOGRAM,
        "ns",
        "pellucid.loop.lag",
        "How late the event loops of ASGI workers run what is due, sampled while there is traffic.",
    };
    static const struct pel_labels no_labels;
    uint64_t counts[PEL_LAG_BUCKETS] = {0}, n = 0;
    struct pel_histogram h = {
        .bounds = pel_lag_bounds_ns, .counts = counts, .n_bounds = PEL_LAG_BUCKETS - 1};

    for (unsigned i = 0; i < shm->n_slots; i++) {
        const struct pel_shm_slot *slot = pel_shm_slot(shm, i);

        if (!pel_shm_slot_is_used(slot))
            continue;
        for (size_t b = 0; b < PEL_LAG_BUCKETS; b++) {
            uint64_t more =
                atomic_load_explicit(&slot->vitals.lag_buckets[b], memory_order_relaxed);

            counts[b] += more;
            n += more;
        }
        h.sum += atomic_load_explicit(&slot->vitals.lag_sum_ns, memory_order_relaxed);
    }
    if (n == 0)
        return; /* no ASGI, or no traffic yet */
    sink->family(sink, &info);
    sink->histogram(sink, &no_labels, &h);
}

void pel_vitals_collect(struct pel_sink *sink, struct pel_shm *shm)
{
    for (enum pel_vital v = 0; v < PEL_VITAL_N; v++) {
        if (is_first_of_family(v))
            sink->family(sink, &pel_vital_infos[v].metric);
        if (pel_vital_infos[v].metric.kind == PEL_METRIC_KIND_COUNTER)
            collect_sum(sink, shm, v);
        else
            collect_each(sink, shm, v);
    }
    collect_lag(sink, shm);
}

void pel_vitals_show(struct pel_json *j, const struct pel_shm_vitals *vs)
{
    pel_json_open(j, "vitals", '{');
    for (enum pel_vital v = 0; v < PEL_VITAL_N; v++) {
        const struct pel_vital_info *info = &pel_vital_infos[v];
        bool is_last = v + 1 == PEL_VITAL_N || is_first_of_family(v + 1);

        if (!info->key[0]) {
            pel_json_uint(j, info->metric.name, pel_vital_read(vs, v));
            continue;
        }
        if (is_first_of_family(v))
            pel_json_open(j, info->metric.name, '{');
        pel_json_uint(j, info->value, pel_vital_read(vs, v));
        if (is_last)
            pel_json_close(j, '}');
    }
    pel_json_close(j, '}');
}
