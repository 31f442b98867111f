#include "pellucid/inflight.h"

#include "probes.h"

const struct pel_metric_info pel_metric_infos[PEL_METRIC_N] = {
#define PEL_METRIC(name, kind, unit, otel_name, text)                                              \
    {PEL_METRIC_KIND_##kind, unit, otel_name, text},
#include "pellucid/tbl/metrics.h"
#undef PEL_METRIC
};

/* Errors that have a scalar of their own; exceptions are counted by their kind (exception.h), the
 * others are told by the histogram's error.type. */
static void count_error(struct pel_shm_slot *slot, const struct pel_record *rec)
{
    switch (rec->error) {
    case PEL_ERROR_CLIENT_GONE:
        pel_counter_add(&slot->metrics[PEL_METRIC_DISCONNECTS], 1);
        break;
    case PEL_ERROR_HEADER_TIMEOUT:
    case PEL_ERROR_BODY_TIMEOUT:
    case PEL_ERROR_WRITE_TIMEOUT:
        pel_counter_add(&slot->metrics[PEL_METRIC_TIMEOUTS], 1);
        break;
    default:
        break;
    }
    if (rec->stamp_ns[PEL_STAMP_APP_START] == 0 && rec->error != PEL_ERROR_CLIENT_GONE &&
        rec->error != PEL_ERROR_STOPPED && rec->error != PEL_ERROR_KILLED)
        pel_counter_add(&slot->metrics[PEL_METRIC_REQUESTS_BAD], 1);
}

void pel_metrics_count(struct pel_shm_slot *slot, const struct pel_record *rec)
{
    pel_counter_add(&slot->metrics[PEL_METRIC_QUEUE_TIME], rec->phase_ns[PEL_REQUEST_PHASE_QUEUE]);
    pel_counter_add(&slot->metrics[PEL_METRIC_APP_TIME], rec->phase_ns[PEL_REQUEST_PHASE_APP]);
    pel_counter_add(&slot->metrics[PEL_METRIC_BYTES_IN], rec->bytes_in);
    pel_counter_add(&slot->metrics[PEL_METRIC_BYTES_OUT], rec->bytes_out);
    if (PEL_UNLIKELY(rec->error != PEL_ERROR_NONE))
        count_error(slot, rec);
    pel_counter_publish(&slot->metrics[PEL_METRIC_REQUESTS], 1);
}

void pel_metrics_reset_gauges(struct pel_shm_slot *slot)
{
    for (size_t i = 0; i < PEL_METRIC_N; i++)
        if (pel_metric_infos[i].kind != PEL_METRIC_KIND_COUNTER)
            atomic_store_explicit(&slot->metrics[i], 0, memory_order_relaxed);
    pel_vitals_reset(&slot->vitals);
    pel_active_reset(slot);
}

static int start(struct pel_probes *ps, struct pel_err *err)
{
    pel_metrics_reset_gauges(ps->slot);
    return 0;
}

static void finish(struct pel_probes *ps, struct pel_record *rec)
{
    struct pel_shm_series_table *table = &ps->slot->series;
    struct pel_shm_series *series = pel_series_find(table, rec, ps->last_series);

    ps->series = series;
    if (PEL_UNLIKELY(pel_series_is_overflow(table, series)))
        pel_counter_add(&ps->slot->metrics[PEL_METRIC_SERIES_OVERFLOW], 1);
    else
        ps->last_series = series;
    pel_series_add(table, series, rec);
    pel_metrics_count(ps->slot, rec); /* last: who sees a request here sees it in its stream */
}

/* Nobody can read them where neither the admin address is open nor metrics are exported; but of
 * spans the slowest are those of a stream. */
static bool is_wanted(const struct pel_conf *conf)
{
    return strcmp(conf->admin_bind, "off") != 0 || pel_conf_exports(conf, PEL_SIGNAL_METRICS) ||
           (pel_span_is_exported(conf) && (pel_span_keeps(conf) & PEL_SPAN_SLOWEST));
}

const struct pel_probe pel_probe_metrics = {
    .name = "metrics",
    .is_wanted = is_wanted,
    .start = start,
    .finish = finish,
};
