/* Metrics as OTLP. That others understand them is the business of test_otlp_metrics.py. */
#include <stdio.h>

#include "../probe/fixture.h"

#include "observer/http_metrics.h"
#include "observer/report.h"

static const struct pel_metric_info counter = {PEL_METRIC_KIND_COUNTER, "By", "a.bytes", "Bytes."};
static const struct pel_metric_info seconds = {PEL_METRIC_KIND_COUNTER, "ns", "a.time", "Time."};
static const struct pel_metric_info updown = {PEL_METRIC_KIND_UPDOWN, "{x}", "a.now", "Now."};
static const struct pel_metric_info gauge = {PEL_METRIC_KIND_GAUGE, "By", "a.size", "Size."};

static const struct pel_exemplars no_exemplars;

struct reported {
    struct pel_shm shm;
    struct pel_conf conf;
    struct pel_report r;
};

static void reported_init(struct reported *d, size_t max_bytes)
{
    d->shm = fixture_shm(1);
    d->conf = fixture_conf();
    pel_report_init(&d->r, &d->conf, d->shm.header, max_bytes);
}

static void reported_fini(struct reported *d)
{
    pel_report_fini(&d->r);
    pel_shm_close(&d->shm);
}

/* The one ScopeMetrics of a request, which the caller frees. */
static Otlp__ExportMetricsServiceRequest *unpacked(const struct reported *d, size_t i,
                                                   const Otlp__ScopeMetrics **scope)
{
    const struct pel_buf *raw = &d->r.requests[i].raw;
    Otlp__ExportMetricsServiceRequest *request =
        otlp__export_metrics_service_request__unpack(NULL, raw->len, (const uint8_t *)raw->p);

    assert_non_null(request);
    assert_int_equal(request->n_resource_metrics, 1);
    assert_int_equal(request->resource_metrics[0]->n_scope_metrics, 1);
    *scope = request->resource_metrics[0]->scope_metrics[0];
    assert_string_equal((*scope)->scope->name, "pellucid");
    return request;
}

static Otlp__Metric *metric_at(const Otlp__ScopeMetrics *scope, size_t i)
{
    Otlp__Metric *m;

    assert_true(i < scope->n_metrics);
    m = otlp__metric__unpack(NULL, scope->metrics[i].len, scope->metrics[i].data);
    assert_non_null(m);
    return m;
}

/* What a metric with one number says, in one line. */
static const char *said(const Otlp__ScopeMetrics *scope, size_t i)
{
    static char line[256];
    Otlp__Metric *m = metric_at(scope, i);
    bool is_sum = m->data_case == OTLP__METRIC__DATA_SUM;
    const ProtobufCBinaryData *data = is_sum ? m->sum->data_points : m->gauge->data_points;
    Otlp__NumberDataPoint *p = otlp__number_data_point__unpack(NULL, data->len, data->data);
    double value;

    assert_non_null(p);
    assert_true(p->time_unix_nano >= p->start_time_unix_nano);
    assert_int_equal(is_sum ? m->sum->aggregation_temporality : 2, 2);
    value = p->value_case == OTLP__NUMBER_DATA_POINT__VALUE_AS_DOUBLE ? p->as_double
                                                                      : (double)p->as_int;
    snprintf(line, sizeof(line), "%s %s %s %g, %zu attributes", m->name, m->unit,
             !is_sum                ? "gauge"
             : m->sum->is_monotonic ? "counter"
                                    : "updown",
             value, p->n_attributes);
    otlp__number_data_point__free_unpacked(p, NULL);
    otlp__metric__free_unpacked(m, NULL);
    return line;
}

static void add(struct reported *d, const struct pel_metric_info *info, const struct pel_labels *ls,
                uint64_t value)
{
    d->r.sink.family(&d->r.sink, info);
    d->r.sink.point(&d->r.sink, ls, value);
}

static void instruments_become_their_data(void **state)
{
    static const struct pel_labels none;
    struct pel_labels ls = {.n = 0};
    const Otlp__ScopeMetrics *scope;
    Otlp__ExportMetricsServiceRequest *request;
    struct reported d;

    reported_init(&d, 1 << 20);
    pel_labels_number(&ls, "pellucid.worker.id", 3);
    pel_labels_cstr(&ls, "state", "on");
    add(&d, &counter, &none, 7);
    add(&d, &seconds, &none, 1500000000);
    add(&d, &updown, &ls, 2);
    add(&d, &gauge, &ls, 9);
    pel_report_end(&d.r);
    assert_int_equal(d.r.n, 1);
    assert_int_equal(d.r.requests[0].n, 4);
    request = unpacked(&d, 0, &scope);
    assert_int_equal(scope->n_metrics, 4);
    assert_string_equal(said(scope, 0), "a.bytes By counter 7, 0 attributes");
    assert_string_equal(said(scope, 1), "a.time s counter 1.5, 0 attributes");
    assert_string_equal(said(scope, 2), "a.now {x} updown 2, 2 attributes");
    assert_string_equal(said(scope, 3), "a.size By gauge 9, 2 attributes");
    otlp__export_metrics_service_request__free_unpacked(request, NULL);
    reported_fini(&d);
}

static void points_carry_attributes_and_start(void **state)
{
    struct pel_labels ls = {.n = 0};
    const Otlp__ScopeMetrics *scope;
    Otlp__ExportMetricsServiceRequest *request;
    Otlp__NumberDataPoint *p;
    struct reported d;
    Otlp__Metric *m;

    reported_init(&d, 1 << 20);
    pel_labels_number(&ls, "pellucid.worker.id", 3);
    pel_labels_cstr(&ls, "state", "on");
    add(&d, &counter, &ls, 7);
    pel_report_end(&d.r);
    request = unpacked(&d, 0, &scope);
    m = metric_at(scope, 0);
    p = otlp__number_data_point__unpack(NULL, m->sum->data_points[0].len,
                                        m->sum->data_points[0].data);
    assert_non_null(p);
    assert_int_equal(p->start_time_unix_nano, d.shm.header->started_wall_ns);
    assert_string_equal(p->attributes[0]->key, "pellucid.worker.id");
    assert_int_equal(p->attributes[0]->value->int_value, 3);
    assert_string_equal(p->attributes[1]->value->string_value, "on");
    otlp__number_data_point__free_unpacked(p, NULL);
    otlp__metric__free_unpacked(m, NULL);
    otlp__export_metrics_service_request__free_unpacked(request, NULL);
    reported_fini(&d);
}

/* What attributes of a point are, one letter each, and what they say. */
static const char *types_of(const Otlp__NumberDataPoint *p)
{
    static char text[64];
    size_t n = 0;

    for (size_t i = 0; i < p->n_attributes; i++) {
        const Otlp__AnyValue *v = p->attributes[i]->value;
        bool is_bool = v->value_case == OTLP__ANY_VALUE__VALUE_BOOL_VALUE;
        bool is_double = v->value_case == OTLP__ANY_VALUE__VALUE_DOUBLE_VALUE;

        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s %g ",
                              is_bool     ? "bool"
                              : is_double ? "double"
                                          : "int",
                              is_bool     ? v->bool_value
                              : is_double ? v->double_value
                                          : (double)v->int_value);
    }
    return text;
}

static void attributes_keep_their_types(void **state)
{
    static const struct pel_labels labels = {
        .n = 3,
        .items = {{.key = "paid", .type = PEL_ATTRIBUTE_BOOL, .number = 0},
                  {.key = "rate", .type = PEL_ATTRIBUTE_FLOAT, .real = 0.5},
                  {.key = "shop", .type = PEL_ATTRIBUTE_INT, .number = 7}}};
    static const char *const expected[] = {"bool 0 double 0.5 int 7 ", "bool 1 "};
    const struct pel_labels *each[2] = {&labels};
    struct pel_labels overflow;

    pel_labels_overflow(&overflow);
    each[1] = &overflow;
    for (size_t i = 0; i < PEL_ARRAY_LEN(expected); i++) {
        const Otlp__ScopeMetrics *scope;
        Otlp__ExportMetricsServiceRequest *request;
        Otlp__NumberDataPoint *p;
        struct reported d;
        Otlp__Metric *m;

        reported_init(&d, 1 << 20);
        add(&d, &counter, each[i], 7);
        pel_report_end(&d.r);
        request = unpacked(&d, 0, &scope);
        m = metric_at(scope, 0);
        p = otlp__number_data_point__unpack(NULL, m->sum->data_points[0].len,
                                            m->sum->data_points[0].data);
        assert_non_null(p);
        assert_string_equal(types_of(p), expected[i]);
        otlp__number_data_point__free_unpacked(p, NULL);
        otlp__metric__free_unpacked(m, NULL);
        otlp__export_metrics_service_request__free_unpacked(request, NULL);
        reported_fini(&d);
    }
}

static void histogram_has_the_conventions_bounds(void **state)
{
    static const double bounds[] = {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25,
                                    0.5,   0.75, 1,     2.5,  5,     7.5, 10};
    const Otlp__ScopeMetrics *scope;
    Otlp__ExportMetricsServiceRequest *request;
    Otlp__HistogramDataPoint *p;
    struct pel_record rec = fixture_record(pel_now_ns());
    struct reported d;
    Otlp__Metric *m;

    reported_init(&d, 1 << 20);
    atomic_store(&pel_shm_slot(&d.shm, 0)->is_used, 1);
    for (unsigned i = 0; i < 3; i++)
        fixture_count(&d.shm, 0, &rec, i * 20 * PEL_NS_PER_MS);
    pel_http_metrics_collect(&d.r.sink, &d.shm, &no_exemplars);
    pel_report_end(&d.r);
    request = unpacked(&d, 0, &scope);
    m = metric_at(scope, 0);
    assert_string_equal(m->name, "http.server.request.duration");
    assert_string_equal(m->unit, "s");
    assert_int_equal(m->data_case, OTLP__METRIC__DATA_HISTOGRAM);
    assert_int_equal(m->histogram->aggregation_temporality, 2);
    p = otlp__histogram_data_point__unpack(NULL, m->histogram->data_points[0].len,
                                           m->histogram->data_points[0].data);
    assert_non_null(p);
    assert_int_equal(p->count, 3);
    assert_true(p->sum > 0.0599 && p->sum < 0.0601);
    assert_int_equal(p->n_bucket_counts, PEL_ARRAY_LEN(bounds) + 1);
    assert_int_equal(p->n_explicit_bounds, PEL_ARRAY_LEN(bounds));
    for (size_t i = 0; i < PEL_ARRAY_LEN(bounds); i++)
        assert_true(p->explicit_bounds[i] == bounds[i]);
    assert_int_equal(p->bucket_counts[0], 1);
    assert_int_equal(p->bucket_counts[2], 1);
    assert_int_equal(p->bucket_counts[3], 1);
    otlp__histogram_data_point__free_unpacked(p, NULL);
    otlp__metric__free_unpacked(m, NULL);
    otlp__export_metrics_service_request__free_unpacked(request, NULL);
    reported_fini(&d);
}

static void long_reports_are_several_requests(void **state)
{
    struct pel_labels ls = {.n = 0};
    size_t n = 0, max = 4096;
    struct reported d;

    reported_init(&d, max);
    pel_labels_cstr(&ls, "http.route", "/a/route/of/some/length/that/takes/room/{id}");
    d.r.sink.family(&d.r.sink, &counter);
    for (unsigned i = 0; i < 200; i++)
        d.r.sink.point(&d.r.sink, &ls, i);
    d.r.sink.family(&d.r.sink, &updown);
    for (unsigned i = 0; i < 200; i++)
        d.r.sink.point(&d.r.sink, &ls, i);
    pel_report_end(&d.r);
    assert_true(d.r.n > 5);
    for (size_t i = 0; i < d.r.n; i++) {
        const Otlp__ScopeMetrics *scope;
        Otlp__ExportMetricsServiceRequest *request = unpacked(&d, i, &scope);

        assert_true(d.r.requests[i].raw.len <= max);
        assert_true(scope->n_metrics >= 1);
        n += d.r.requests[i].n;
        otlp__export_metrics_service_request__free_unpacked(request, NULL);
    }
    assert_int_equal(n, 400);
    reported_fini(&d);
}

static void nothing_is_no_request(void **state)
{
    struct reported d;

    reported_init(&d, 1 << 20);
    d.r.sink.family(&d.r.sink, &counter);
    d.r.sink.family(&d.r.sink, &updown);
    pel_report_end(&d.r);
    assert_int_equal(d.r.n, 0);
    reported_fini(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instruments_become_their_data),
        cmocka_unit_test(points_carry_attributes_and_start),
        cmocka_unit_test(attributes_keep_their_types),
        cmocka_unit_test(histogram_has_the_conventions_bounds),
        cmocka_unit_test(long_reports_are_several_requests),
        cmocka_unit_test(nothing_is_no_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
