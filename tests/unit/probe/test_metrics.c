#include "fixture.h"

static uint64_t count_of(struct pel_shm *shm, const struct pel_record *rec)
{
    return atomic_load(&pel_series_find(pel_shm_slot(shm, 0), rec)->count);
}

static void streams_differ_by_their_attributes(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_slot *slot = pel_shm_slot(&shm, 0);
    struct pel_record a = fixture_record(1000), b;
    struct pel_shm_series *s = pel_series_find(slot, &a);

    pel_series_add(s, 1);
    assert_ptr_equal(pel_series_find(slot, &a), s);
    b = a, b.status = 404;
    assert_ptr_not_equal(pel_series_find(slot, &b), s);
    b = a, b.method = PEL_STR("POST");
    assert_ptr_not_equal(pel_series_find(slot, &b), s);
    b = a, b.route = PEL_STR("/orders");
    assert_ptr_not_equal(pel_series_find(slot, &b), s);
    b = a, b.version_minor = 0;
    assert_ptr_not_equal(pel_series_find(slot, &b), s);
    b = a, b.scheme = PEL_STR("https");
    assert_ptr_not_equal(pel_series_find(slot, &b), s);
    b = a, b.error = PEL_ERROR_CLIENT_GONE;
    assert_ptr_not_equal(pel_series_find(slot, &b), s);
    b = a, b.path = PEL_STR("/orders/18");
    assert_ptr_equal(pel_series_find(slot, &b), s);
    assert_int_equal(count_of(&shm, &a), 1);
    pel_shm_close(&shm);
}

static void unknown_methods_share_a_stream(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_slot *slot = pel_shm_slot(&shm, 0);
    struct pel_record rec = fixture_record(1000);
    struct pel_shm_series *s;

    rec.method = PEL_STR("BREW");
    s = pel_series_find(slot, &rec);
    assert_string_equal(s->method, "_OTHER");
    rec.method = PEL_STR("get");
    assert_ptr_equal(pel_series_find(slot, &rec), s);
    rec.method = PEL_STR_NONE;
    assert_ptr_equal(pel_series_find(slot, &rec), s);
    pel_shm_close(&shm);
}

static void table_overflows_into_its_last_entry(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_slot *slot = pel_shm_slot(&shm, 0);
    struct pel_record rec = fixture_record(1000);
    struct pel_conf conf = fixture_conf();
    struct pel_probes *ps = pel_probes_start(&conf, &shm, 0, -1, NULL);
    char route[32];

    for (int i = 0; i < PEL_SHM_SERIES_N + 9; i++) {
        int len = snprintf(route, sizeof(route), "/r/%d", i);

        rec.route = pel_str(route, (size_t)len);
        pel_probes_finish(ps, &rec);
        assert_int_equal(pel_series_is_overflow(slot, pel_series_find(slot, &rec)),
                         i >= PEL_SHM_SERIES_N - 1);
    }
    assert_int_equal(atomic_load(&slot->series[PEL_SHM_SERIES_N - 1].count), 10);
    assert_int_equal(fixture_metric(&shm, 0, PEL_METRIC_SERIES_OVERFLOW), 10);
    pel_probes_stop(ps);
    pel_shm_close(&shm);
}

static void buckets_include_their_bound(void **state)
{
    static const struct {
        uint64_t ns;
        int bucket;
    } cases[] = {
        {0, 0}, {5000000, 0}, {5000001, 1}, {10000000, 1}, {10000000000, 13}, {10000000001, 14},
    };

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        struct pel_shm_series s = {.status = 0};

        pel_series_add(&s, cases[i].ns);
        assert_int_equal(atomic_load(&s.buckets[cases[i].bucket]), 1);
        assert_int_equal(atomic_load(&s.sum_ns), cases[i].ns);
        assert_int_equal(atomic_load(&s.count), 1);
    }
}

static void errors_move_their_counters(void **state)
{
    static const struct {
        enum pel_error error;
        bool has_app;
        int metric; /* -1: none */
        bool is_bad;
    } cases[] = {
        {PEL_ERROR_NONE, true, -1, false},
        {PEL_ERROR_APP_EXCEPTION, true, PEL_METRIC_EXCEPTIONS, false},
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_differ_by_their_attributes),
        cmocka_unit_test(unknown_methods_share_a_stream),
        cmocka_unit_test(table_overflows_into_its_last_entry),
        cmocka_unit_test(buckets_include_their_bound),
        cmocka_unit_test(errors_move_their_counters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
