#include "operations.h"
#include "page.h"
#include "pellucid/ring.h"
#include "process.h"
#include "telemetry.h"

#define LOAD(field) atomic_load_explicit(&(field), memory_order_relaxed)

static const struct pel_labels no_labels;

/* --- what was exported --- */

static const struct {
    struct pel_metric_info info;
    const char *error_type;
} exports[] = {
#define PEL_EXPORT(name, otel_name, unit, error_type, text)                                        \
    {{PEL_METRIC_KIND_COUNTER, unit, otel_name, text}, error_type},
#include "pellucid/tbl/exports.h"
#undef PEL_EXPORT
};

static void collect_exports(struct pel_sink *sink, const struct pel_shm_header *header)
{
    const char *family = "";

    for (size_t i = 0; i < PEL_EXPORT_N; i++) {
        struct pel_labels ls = {.n = 0};

        if (strcmp(family, exports[i].info.name) != 0) {
            family = exports[i].info.name;
            sink->family(sink, &exports[i].info);
        }
        if (exports[i].error_type[0])
            pel_labels_cstr(&ls, "error.type", exports[i].error_type);
        sink->point(sink, &ls, LOAD(header->exports[i]));
    }
}

/* --- what is on its way --- */

static void collect_one(struct pel_sink *sink, const struct pel_metric_info *info, uint64_t value)
{
    sink->family(sink, info);
    sink->point(sink, &no_labels, value);
}

static void collect_items(struct pel_sink *sink, const struct pel_view *v)
{
    static const struct pel_metric_info infos[] = {
        {PEL_METRIC_KIND_UPDOWN, "{span}", "otel.sdk.processor.span.queue.size",
         "Spans that wait to be exported."},
        {PEL_METRIC_KIND_UPDOWN, "{span}", "otel.sdk.exporter.span.inflight",
         "Spans in export requests under way."},
        {PEL_METRIC_KIND_UPDOWN, "{log_record}", "otel.sdk.processor.log.queue.size",
         "Log records that wait to be exported."},
        {PEL_METRIC_KIND_UPDOWN, "{log_record}", "otel.sdk.exporter.log.inflight",
         "Log records in export requests under way."},
        {PEL_METRIC_KIND_UPDOWN, "{data_point}", "otel.sdk.exporter.metric_data_point.inflight",
         "Data points in export requests under way, or waiting for another try."},
    };

    collect_one(sink, &infos[0], v->exporter->queue.n);
    collect_one(sink, &infos[1], pel_exporter_inflight(v->exporter));
    collect_one(sink, &infos[2], v->logs->queue.n);
    collect_one(sink, &infos[3], pel_exporter_inflight(v->logs));
    collect_one(sink, &infos[4], pel_metrics_exporter_inflight(v->metrics));
}

/* The queues are bounded by bytes, so that the conventions' capacity, a number of items, is none
 * of theirs. */
static void collect_queues(struct pel_sink *sink, const struct pel_view *v)
{
    static const struct pel_metric_info usage = {PEL_METRIC_KIND_UPDOWN, "By",
                                                 "pellucid.exporter.queue.usage",
                                                 "What waits to be exported, as it is kept."};
    static const struct pel_metric_info limit = {PEL_METRIC_KIND_UPDOWN, "By",
                                                 "pellucid.exporter.queue.limit",
                                                 "Beyond which the oldest is lost."};
    const struct pel_exporter *xs[] = {v->exporter, v->logs};
    struct pel_labels ls[PEL_ARRAY_LEN(xs)] = {{.n = 0}};

    pel_labels_cstr(&ls[0], "pellucid.signal", "traces");
    pel_labels_cstr(&ls[1], "pellucid.signal", "logs");
    sink->family(sink, &usage);
    for (size_t i = 0; i < PEL_ARRAY_LEN(xs); i++)
        sink->point(sink, &ls[i], xs[i]->queue.bytes);
    sink->family(sink, &limit);
    for (size_t i = 0; i < PEL_ARRAY_LEN(xs); i++)
        sink->point(sink, &ls[i], xs[i]->queue.max_bytes);
}

/* --- the workers' rings --- */

static uint64_t ring_usage(const struct pel_shm_slot *slot)
{
    return pel_ring_used(&slot->ring);
}

static uint64_t ring_peak(const struct pel_shm_slot *slot)
{
    return LOAD(slot->ring_peak);
}

static void collect_rings(struct pel_sink *sink, struct pel_shm *shm,
                          const struct pel_metric_info *info,
                          uint64_t (*read)(const struct pel_shm_slot *slot))
{
    sink->family(sink, info);
    for (unsigned i = 0; i < shm->n_slots; i++) {
        const struct pel_shm_slot *slot = pel_shm_slot(shm, i);
        struct pel_labels ls = {.n = 0};

        if (!pel_shm_slot_is_used(slot))
            continue;
        pel_labels_number(&ls, "pellucid.worker.id", i);
        sink->point(sink, &ls, read(slot));
    }
}

void pel_telemetry_collect(struct pel_sink *sink, const struct pel_view *v)
{
    static const struct pel_metric_info rings[] = {
        {PEL_METRIC_KIND_UPDOWN, "By", "pellucid.ring.usage",
         "Spans and log records that a worker has written and the observer has not read."},
        {PEL_METRIC_KIND_GAUGE, "By", "pellucid.ring.peak",
         "The most that the observer has found in a worker's ring."},
        {PEL_METRIC_KIND_GAUGE, "By", "pellucid.ring.limit", "Room in the ring of each worker."},
    };

    collect_exports(sink, v->shm->header);
    collect_items(sink, v);
    collect_queues(sink, v);
    pel_operations_collect(sink, v->shm->header);
    collect_rings(sink, v->shm, &rings[0], ring_usage);
    collect_rings(sink, v->shm, &rings[1], ring_peak);
    collect_one(sink, &rings[2], PEL_SHM_RING_LEN);
}

/* --- the status page --- */

/* What has become of spans, or of log records; ring_full: those that no ring had room for. */
static void show_items(struct pel_json *j, const char *key, const struct pel_exporter *x,
                       struct pel_shm *shm, enum pel_metric ring_full)
{
    const _Atomic uint64_t *counters = shm->header->exports;

    pel_json_open(j, key, '{');
    pel_json_uint(j, "exported", LOAD(counters[x->kind->exported]));
    pel_json_uint(j, "waiting", x->queue.n);
    pel_json_uint(j, "in_flight", pel_exporter_inflight(x));
    pel_json_open(j, "lost", '{');
    pel_json_uint(j, "ring_full", pel_shm_sum(shm, ring_full));
    pel_json_uint(j, "queue_full", LOAD(counters[x->kind->queue_full]));
    pel_json_uint(j, "observer_killed", LOAD(counters[x->kind->observer_killed]));
    pel_json_uint(j, "rejected", LOAD(counters[x->kind->rejected]));
    pel_json_uint(j, "failed", LOAD(counters[x->kind->failed]));
    pel_json_close(j, '}');
    pel_json_uint(j, "queue_bytes", x->queue.bytes);
    pel_json_uint(j, "queue_bytes_max", x->queue.max_bytes);
    pel_json_close(j, '}');
}

static void show_rings(struct pel_json *j, struct pel_shm *shm)
{
    pel_json_uint(j, "ring_bytes_max", PEL_SHM_RING_LEN);
    pel_json_open(j, "rings", '[');
    for (unsigned i = 0; i < shm->n_slots; i++) {
        const struct pel_shm_slot *slot = pel_shm_slot(shm, i);

        if (!pel_shm_slot_is_used(slot))
            continue;
        pel_json_open(j, NULL, '{');
        pel_json_uint(j, "worker", i);
        pel_json_uint(j, "bytes", ring_usage(slot));
        pel_json_uint(j, "bytes_peak", ring_peak(slot));
        pel_json_close(j, '}');
    }
    pel_json_close(j, ']');
}

void pel_telemetry_show(struct pel_json *j, const struct pel_view *v)
{
    pel_json_open(j, "telemetry", '{');
    pel_process_show_role(j, "observer", v->shm, PEL_PROCESS_OBSERVER);
    show_items(j, "spans", v->exporter, v->shm, PEL_METRIC_SPANS_DROPPED);
    show_items(j, "log_records", v->logs, v->shm, PEL_METRIC_LOG_RECORDS_DROPPED);
    show_rings(j, v->shm);
    pel_operations_show(j, v->shm->header);
    pel_json_close(j, '}');
}
