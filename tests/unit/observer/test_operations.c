/* How long exports took: by what was exported and how it ended, in a bounded table. */
#include "../probe/fixture.h"

#include "observer/exposition_sink.h"
#include "observer/operations.h"

#define MS PEL_NS_PER_MS

static char *page_of(const struct pel_shm *shm, struct pel_buf *out)
{
    struct pel_exposition e = {.out = out};
    struct pel_exposition_sink sink;

    pel_buf_init(out);
    pel_exposition_sink_init(&sink, &e);
    pel_operations_collect(&sink.sink, shm->header);
    pel_exposition_sink_fini(&sink);
    pel_buf_add(out, "", 1);
    return out->p;
}

#define DURATION "otel_sdk_exporter_operation_duration_seconds"

static void ends_are_told_apart(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_buf out;
    const char *page;

    page = page_of(&shm, &out);
    assert_string_equal(page, "");
    pel_buf_fini(&out);
    pel_operation_add(shm.header, PEL_OPERATION_SPANS, 200, 30 * MS);
    pel_operation_add(shm.header, PEL_OPERATION_SPANS, 200, 10 * MS);
    pel_operation_add(shm.header, PEL_OPERATION_SPANS, 503, 2000 * MS);
    pel_operation_add(shm.header, PEL_OPERATION_LOGS, 0, 3600000 * MS);
    pel_operation_add(shm.header, PEL_OPERATION_COLLECTION, 0, 1 * MS);
    page = page_of(&shm, &out);
    assert_non_null(strstr(page, DURATION "_count{otel_component_type=\"otlp_http_span_exporter\","
                                          "http_response_status_code=\"200\"} 2\n"));
    assert_non_null(strstr(page, "http_response_status_code=\"200\"} 0.040000000\n"));
    assert_non_null(strstr(page, "http_response_status_code=\"200\",le=\"0.01\"} 1\n"));
    assert_non_null(strstr(page, DURATION "_count{otel_component_type=\"otlp_http_span_exporter\","
                                          "http_response_status_code=\"503\",error_type=\"503\"} "
                                          "1\n"));
    assert_non_null(strstr(page, "otlp_http_log_exporter\",error_type=\"no_answer\",le=\"10\"} 0"));
    assert_non_null(strstr(page, "otlp_http_log_exporter\",error_type=\"no_answer\",le=\"+Inf\"} "
                                 "1"));
    assert_non_null(strstr(page, "otel_sdk_metric_reader_collection_duration_seconds_count{"
                                 "otel_component_type=\"periodic_metric_reader\"} 1\n"));
    pel_buf_fini(&out);
    pel_shm_close(&shm);
}

static void table_is_bounded(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_buf out;
    const char *page;
    unsigned n = 0;

    for (long status = 400; status < 600; status++)
        pel_operation_add(shm.header, PEL_OPERATION_POINTS, status, MS);
    page = page_of(&shm, &out);
    for (const char *at = page; (at = strstr(at, DURATION "_count{")); at++)
        n++;
    assert_int_equal(n, PEL_SHM_OPERATIONS_N);
    assert_non_null(strstr(page, DURATION "_count{otel_metric_overflow=\"true\"} 177\n"));
    pel_buf_fini(&out);
    pel_shm_close(&shm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_are_told_apart),
        cmocka_unit_test(table_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
