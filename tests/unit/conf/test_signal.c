/* Where the signals of OTLP go, and how: what is said of one comes before what is said of all. */
#include "document.h"

static void one_signal_alone_has_its_own(void **state)
{
    struct document doc = document();
    struct pel_export_settings traces, metrics, logs;
    struct pel_value *headers;
    struct pel_conf conf;

    document_string(&doc, "otlp", "endpoint", "http://127.0.0.1:4318");
    document_string(&doc, "otlp", "timeout", "7s");
    document_string(&doc, "otlp", "metrics_timeout", "2s");
    document_string(&doc, "otlp", "compression", "none");
    document_string(&doc, "otlp", "traces_compression", "gzip");
    headers = document_at(&doc, "otlp", "headers");
    headers->kind = PEL_VALUE_TABLE;
    pel_value_set_string(pel_value_add(headers, "x-all"), PEL_STR("1"));
    headers = document_at(&doc, "otlp", "logs_headers");
    headers->kind = PEL_VALUE_TABLE;
    pel_value_set_string(pel_value_add(headers, "x-logs"), PEL_STR("2"));
    conf = document_load(&doc);
    traces = pel_conf_export_settings(&conf, PEL_SIGNAL_TRACES);
    metrics = pel_conf_export_settings(&conf, PEL_SIGNAL_METRICS);
    logs = pel_conf_export_settings(&conf, PEL_SIGNAL_LOGS);
    assert_int_equal(traces.timeout_ms, 7000);
    assert_int_equal(metrics.timeout_ms, 2000);
    assert_int_equal(logs.timeout_ms, 7000);
    assert_true(traces.compresses);
    assert_false(metrics.compresses);
    assert_false(logs.compresses);
    assert_ptr_equal(traces.headers, &conf.otlp_headers);
    assert_ptr_equal(metrics.headers, &conf.otlp_headers);
    assert_ptr_equal(logs.headers, &conf.otlp_logs_headers);
    assert_int_equal(logs.headers->n, 1);
    pel_conf_fini(&conf);
}

static void compression_can_be_left_out_for_one(void **state)
{
    struct document doc = document();
    struct pel_conf conf;

    document_string(&doc, "otlp", "compression", "gzip");
    document_string(&doc, "otlp", "logs_compression", "none");
    conf = document_load(&doc);
    assert_true(pel_conf_export_settings(&conf, PEL_SIGNAL_TRACES).compresses);
    assert_false(pel_conf_export_settings(&conf, PEL_SIGNAL_LOGS).compresses);
    pel_conf_fini(&conf);
}

static void defaults_are_those_of_opentelemetry(void **state)
{
    struct document doc = document();
    struct pel_conf conf = document_load(&doc);
    struct pel_export_settings s = pel_conf_export_settings(&conf, PEL_SIGNAL_METRICS);

    assert_int_equal(s.timeout_ms, 10000);
    assert_true(s.compresses);
    assert_int_equal(s.headers->n, 0);
    pel_conf_fini(&conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_signal_alone_has_its_own),
        cmocka_unit_test(compression_can_be_left_out_for_one),
        cmocka_unit_test(defaults_are_those_of_opentelemetry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
