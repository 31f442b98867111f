#include <stdlib.h>

#include "attributes.h"
#include "encode.h"
#include "pellucid/mem.h"
#include "pellucid/time.h"
#include "report.h"
#include "report_histogram.h"

/* What a metric takes besides its points: name, description, unit, and lengths. */
#define METRIC_BYTES 400

static ProtobufCBinaryData pack(struct pel_arena *a, const ProtobufCMessage *message)
{
    ProtobufCBinaryData out = {.len = protobuf_c_message_get_packed_size(message)};

    out.data = pel_arena_alloc(a, out.len);
    protobuf_c_message_pack(message, out.data);
    return out;
}

static void add_part(struct pel_report_parts *parts, ProtobufCBinaryData part)
{
    if (parts->n == parts->cap) {
        parts->cap = parts->cap ? parts->cap * 2 : 64;
        parts->items = pel_mem_resize(parts->items, parts->cap, sizeof(*parts->items));
    }
    parts->items[parts->n++] = part;
}

static bool is_seconds(const struct pel_metric_info *info)
{
    return strcmp(info->unit, "ns") == 0;
}

/* --- metrics and requests --- */

/* Members of the same names in messages that have no type in common. */
#define SET_POINTS(to, r)                                                                          \
    do {                                                                                           \
        (to)->data_points = (r)->points.items;                                                     \
        (to)->n_data_points = (r)->points.n;                                                       \
    } while (0)
#define SET_CUMULATIVE(to)                                                                         \
    do {                                                                                           \
        (to)->has_aggregation_temporality = true;                                                  \
        (to)->aggregation_temporality =                                                            \
            OTLP__AGGREGATION_TEMPORALITY__AGGREGATION_TEMPORALITY_CUMULATIVE;                     \
    } while (0)

static void set_sum(Otlp__Metric *m, Otlp__Sum *sum, const struct pel_report *r)
{
    otlp__sum__init(sum);
    SET_POINTS(sum, r);
    SET_CUMULATIVE(sum);
    sum->has_is_monotonic = sum->is_monotonic = r->family->kind == PEL_METRIC_KIND_COUNTER;
    m->data_case = OTLP__METRIC__DATA_SUM;
    m->sum = sum;
}

static void set_gauge(Otlp__Metric *m, Otlp__Gauge *gauge, const struct pel_report *r)
{
    otlp__gauge__init(gauge);
    SET_POINTS(gauge, r);
    m->data_case = OTLP__METRIC__DATA_GAUGE;
    m->gauge = gauge;
}

static void set_histogram(Otlp__Metric *m, Otlp__Histogram *histogram, const struct pel_report *r)
{
    otlp__histogram__init(histogram);
    SET_POINTS(histogram, r);
    SET_CUMULATIVE(histogram);
    m->data_case = OTLP__METRIC__DATA_HISTOGRAM;
    m->histogram = histogram;
}

static void set_exponential(Otlp__Metric *m, Otlp__ExponentialHistogram *histogram,
                            const struct pel_report *r)
{
    otlp__exponential_histogram__init(histogram);
    SET_POINTS(histogram, r);
    SET_CUMULATIVE(histogram);
    m->data_case = OTLP__METRIC__DATA_EXPONENTIAL_HISTOGRAM;
    m->exponential_histogram = histogram;
}

/* The points of the family so far become a metric; the rest may become another one of that name in
 * the next request. */
static void finish_metric(struct pel_report *r)
{
    Otlp__Metric m = OTLP__METRIC__INIT;
    Otlp__Sum sum;
    Otlp__Gauge gauge;
    Otlp__Histogram histogram;
    Otlp__ExponentialHistogram exponential;

    if (r->points.n == 0)
        return;
    m.name = (char *)r->family->name; /* only read, as are the others */
    m.description = (char *)r->family->text;
    m.unit = is_seconds(r->family) ? (char *)"s" : (char *)r->family->unit;
    if (r->family->kind == PEL_METRIC_KIND_HISTOGRAM && r->is_exponential)
        set_exponential(&m, &exponential, r);
    else if (r->family->kind == PEL_METRIC_KIND_HISTOGRAM)
        set_histogram(&m, &histogram, r);
    else if (r->family->kind == PEL_METRIC_KIND_GAUGE)
        set_gauge(&m, &gauge, r);
    else
        set_sum(&m, &sum, r);
    add_part(&r->metrics, pack(&r->arena, &m.base));
    r->points.n = 0;
}

static void pack_request(struct pel_report *r, struct pel_buf *raw)
{
    Otlp__ExportMetricsServiceRequest request = OTLP__EXPORT_METRICS_SERVICE_REQUEST__INIT;
    Otlp__ResourceMetrics message = OTLP__RESOURCE_METRICS__INIT, *messages[] = {&message};
    Otlp__ScopeMetrics scope_metrics = OTLP__SCOPE_METRICS__INIT, *scopes[] = {&scope_metrics};
    Otlp__InstrumentationScope scope = OTLP__INSTRUMENTATION_SCOPE__INIT;

    scope.name = (char *)"pellucid"; /* only read, as are the others */
    scope.version = (char *)PEL_VERSION;
    scope_metrics.scope = &scope;
    scope_metrics.metrics = r->metrics.items;
    scope_metrics.n_metrics = r->metrics.n;
    scope_metrics.schema_url = (char *)PEL_SCHEMA_URL;
    message.has_resource = true;
    message.resource = r->resource;
    message.scope_metrics = scopes;
    message.n_scope_metrics = 1;
    message.schema_url = (char *)PEL_SCHEMA_URL;
    request.resource_metrics = messages;
    request.n_resource_metrics = 1;
    pel_buf_init(raw);
    pel_buf_reserve(raw, otlp__export_metrics_service_request__get_packed_size(&request));
    raw->len = otlp__export_metrics_service_request__pack(&request, (uint8_t *)raw->p);
}

static void finish_request(struct pel_report *r)
{
    finish_metric(r);
    if (r->metrics.n == 0)
        return;
    r->requests = pel_mem_resize(r->requests, r->n + 1, sizeof(*r->requests));
    pack_request(r, &r->requests[r->n].raw);
    r->requests[r->n++].n = r->n_points;
    r->metrics.n = 0;
    r->bytes = r->resource.len + METRIC_BYTES;
    r->n_points = 0;
    pel_arena_reset(&r->arena);
}

/* --- data points --- */

static void add_point(struct pel_report *r, const ProtobufCMessage *point)
{
    size_t len = protobuf_c_message_get_packed_size(point) + 4;

    if (r->n_points && r->bytes + len > r->max_bytes)
        finish_request(r);
    add_part(&r->points, pack(&r->arena, point));
    r->bytes += len;
    r->n_points++;
}

static void add_attribute(struct pel_attributes *as, const struct pel_label *l)
{
    switch (l->type) {
    case PEL_ATTRIBUTE_STR:
        pel_attributes_str(as, l->key, l->text);
        break;
    case PEL_ATTRIBUTE_INT:
        pel_attributes_int(as, l->key, l->number);
        break;
    case PEL_ATTRIBUTE_FLOAT:
        pel_attributes_double(as, l->key, l->real);
        break;
    case PEL_ATTRIBUTE_BOOL:
        pel_attributes_bool(as, l->key, l->number != 0);
        break;
    }
}

static void make_attributes(struct pel_attributes *as, const struct pel_labels *ls)
{
    for (size_t i = 0; i < ls->n; i++)
        add_attribute(as, &ls->items[i]);
}

static void begin_family(struct pel_sink *sink, const struct pel_metric_info *info)
{
    struct pel_report *r = PEL_CONTAINER_OF(sink, struct pel_report, sink);

    finish_metric(r);
    r->family = info;
    r->bytes += METRIC_BYTES;
}

/*
 * Adds p, which has its values, with its times and attributes: points of all kinds have these in
 * members of the same names, but no type in common. Only a gauge has no start.
 */
#define ADD_POINT(r, ls, p, scratch)                                                               \
    do {                                                                                           \
        struct pel_attributes as_;                                                                 \
                                                                                                   \
        pel_attributes_init(&as_, (scratch));                                                      \
        make_attributes(&as_, (ls));                                                               \
        (p)->attributes = as_.items;                                                               \
        (p)->n_attributes = as_.n;                                                                 \
        (p)->has_start_time_unix_nano = (r)->family->kind != PEL_METRIC_KIND_GAUGE;                \
        (p)->start_time_unix_nano = (r)->start_wall_ns;                                            \
        (p)->has_time_unix_nano = true;                                                            \
        (p)->time_unix_nano = (r)->now_wall_ns;                                                    \
        add_point((r), &(p)->base);                                                                \
    } while (0)

static void add_number_point(struct pel_report *r, const struct pel_labels *ls,
                             Otlp__NumberDataPoint *p)
{
    struct pel_arena scratch;

    pel_arena_init(&scratch);
    ADD_POINT(r, ls, p, &scratch);
    pel_arena_reset(&scratch);
}

static void add_real(struct pel_sink *sink, const struct pel_labels *ls, double value)
{
    struct pel_report *r = PEL_CONTAINER_OF(sink, struct pel_report, sink);
    Otlp__NumberDataPoint p = OTLP__NUMBER_DATA_POINT__INIT;

    p.value_case = OTLP__NUMBER_DATA_POINT__VALUE_AS_DOUBLE;
    p.as_double = value;
    add_number_point(r, ls, &p);
}

static void add_number(struct pel_sink *sink, const struct pel_labels *ls, uint64_t value)
{
    struct pel_report *r = PEL_CONTAINER_OF(sink, struct pel_report, sink);
    Otlp__NumberDataPoint p = OTLP__NUMBER_DATA_POINT__INIT;

    if (is_seconds(r->family)) {
        p.value_case = OTLP__NUMBER_DATA_POINT__VALUE_AS_DOUBLE;
        p.as_double = (double)value / PEL_NS_PER_SEC;
    } else {
        p.value_case = OTLP__NUMBER_DATA_POINT__VALUE_AS_INT;
        p.as_int = (int64_t)value;
    }
    add_number_point(r, ls, &p);
}

static void add_real_histogram(struct pel_sink *sink, const struct pel_labels *ls,
                               const struct pel_real_histogram *h)
{
    struct pel_report *r = PEL_CONTAINER_OF(sink, struct pel_report, sink);
    Otlp__HistogramDataPoint p = OTLP__HISTOGRAM_DATA_POINT__INIT;
    struct pel_arena scratch;

    pel_arena_init(&scratch);
    pel_report_real(&p, h);
    r->is_exponential = false;
    ADD_POINT(r, ls, &p, &scratch);
    pel_arena_reset(&scratch);
}

static void add_histogram(struct pel_sink *sink, const struct pel_labels *ls,
                          const struct pel_histogram *h)
{
    struct pel_report *r = PEL_CONTAINER_OF(sink, struct pel_report, sink);
    double unit = is_seconds(r->family) ? PEL_NS_PER_SEC : 1;
    Otlp__ExponentialHistogramDataPoint exponential = OTLP__EXPONENTIAL_HISTOGRAM_DATA_POINT__INIT;
    Otlp__HistogramDataPoint explicit = OTLP__HISTOGRAM_DATA_POINT__INIT;
    struct pel_arena scratch;

    pel_arena_init(&scratch);
    if (h->exponential) {
        pel_report_exponential(&exponential, h, unit, &scratch);
        r->is_exponential = true;
        ADD_POINT(r, ls, &exponential, &scratch);
    } else {
        pel_report_explicit(&explicit, h, unit, &scratch);
        r->is_exponential = false;
        ADD_POINT(r, ls, &explicit, &scratch);
    }
    pel_arena_reset(&scratch);
}

/* --- from begin to end --- */

void pel_report_init(struct pel_report *r, const struct pel_conf *conf,
                     const struct pel_shm_header *header, size_t max_bytes)
{
    Otlp__Resource resource = OTLP__RESOURCE__INIT;
    struct pel_attributes as;

    *r = (struct pel_report){
        .sink = {begin_family, add_number, add_histogram, add_real, add_real_histogram, NULL, NULL,
                 conf->otlp_histogram == PEL_HISTOGRAM_EXPONENTIAL},
        .max_bytes = max_bytes,
        .start_wall_ns = header->started_wall_ns,
        .now_wall_ns = pel_wall_ns(),
    };
    /* A clock that was set back must not make intervals end before they begin. */
    if (r->now_wall_ns < r->start_wall_ns)
        r->now_wall_ns = r->start_wall_ns;
    pel_arena_init(&r->arena);
    pel_arena_init(&r->common);
    pel_attributes_init(&as, &r->common);
    pel_attributes_resource(&as, conf, header->instance_id, 0);
    resource.attributes = as.items;
    resource.n_attributes = as.n;
    r->resource = pack(&r->common, &resource.base);
    r->bytes = r->resource.len;
}

void pel_report_end(struct pel_report *r)
{
    finish_request(r);
    free(r->points.items);
    free(r->metrics.items);
    r->points = r->metrics = (struct pel_report_parts){.items = NULL};
    pel_arena_reset(&r->arena);
    pel_arena_reset(&r->common);
}

void pel_report_fini(struct pel_report *r)
{
    for (size_t i = 0; i < r->n; i++)
        pel_buf_fini(&r->requests[i].raw);
    free(r->requests);
    *r = (struct pel_report){.requests = NULL};
}
