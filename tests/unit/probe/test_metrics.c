#include "fixture.h"

static void errors_move_their_counters(void **state)
{
    static const struct {
        enum pel_error error;
        bool has_app;
        int metric; /* -1: none */
        bool is_bad;
    } cases[] = {
        {PEL_ERROR_NONE, true, -1, false},
        {PEL_ERROR_APP_EXCEPTION, true, -1, false},
        {PEL_ERROR_CLIENT_GONE, false, PEL_METRIC_DISCONNECTS, false},
        {PEL_ERROR_HEADER_TIMEOUT, false, PEL_METRIC_TIMEOUTS, true},
        {PEL_ERROR_WRITE_TIMEOUT, true, PEL_METRIC_TIMEOUTS, false},
        {PEL_ERROR_BAD_REQUEST, false, -1, true},
        {PEL_ERROR_LIMIT, true, -1, false},
    };
    struct pel_conf conf = fixture_conf();

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        struct pel_shm shm = fixture_shm(1);
        struct pel_probes *ps = pel_probes_start(&conf, &shm, 0, -1, NULL);
        struct pel_record rec = fixture_record(1000);

        rec.error = cases[i].error;
        if (!cases[i].has_app)
            rec.stamp_ns[PEL_STAMP_APP_START] = rec.stamp_ns[PEL_STAMP_APP_END] = 0;
        pel_probes_finish(ps, &rec);
        assert_int_equal(fixture_metric(&shm, 0, PEL_METRIC_REQUESTS), 1);
        assert_int_equal(fixture_metric(&shm, 0, PEL_METRIC_BYTES_OUT), 1200);
        assert_int_equal(fixture_metric(&shm, 0, PEL_METRIC_REQUESTS_BAD), cases[i].is_bad);
        assert_int_equal(fixture_metric(&shm, 0, PEL_METRIC_APP_TIME),
                         cases[i].has_app ? 2400000 : 0);
        if (cases[i].metric >= 0)
            assert_int_equal(fixture_metric(&shm, 0, (enum pel_metric)cases[i].metric), 1);
        pel_probes_stop(ps);
        pel_shm_close(&shm);
    }
}

/* Spans tell the number of a worker's requests, whoever reads metrics. */
static void requests_have_numbers_without_metrics(void **state)
{
    struct pel_record rec = fixture_record(pel_now_ns());
    static char *signals[] = {(char *)"traces"};
    struct pel_shm shm = fixture_shm(1);
    struct pel_conf conf = fixture_conf();
    struct pel_probes *ps;

    conf.admin_bind = (char *)"off";
    conf.otlp_endpoint = (char *)"http://127.0.0.1:4318";
    conf.otlp_signals = (struct pel_strings){signals, 1};
    ps = pel_probes_start(&conf, &shm, 0, -1, NULL);
    pel_probes_finish(ps, &rec);
    pel_probes_finish(ps, &rec);
    assert_int_equal(fixture_span(&shm, 0)->worker_requests, 1);
    assert_int_equal(fixture_span(&shm, 0)->worker_requests, 2);
    assert_int_equal(fixture_metric(&shm, 0, PEL_METRIC_REQUESTS), 0);
    pel_probes_stop(ps);
    pel_shm_close(&shm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_move_their_counters),
        cmocka_unit_test(requests_have_numbers_without_metrics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
