#include <math.h>
#include <stdio.h>

#include "fixture.h"

static struct pel_shm_series *found(struct pel_shm *shm, const struct pel_record *rec)
{
    return pel_series_find(&pel_shm_slot(shm, 0)->series, rec, NULL);
}

static uint64_t n_requests(const struct pel_shm_series *s)
{
    uint64_t n = 0;

    for (size_t i = 0; i < PEL_DURATION_BUCKETS; i++)
        n += atomic_load(&s->buckets[i]);
    return n;
}

static void streams_differ_by_their_attributes(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_record a = fixture_record(1000), b;
    struct pel_shm_series *s = fixture_count(&shm, 0, &a, 1);

    assert_ptr_equal(found(&shm, &a), s);
    b = a, b.status = 404;
    assert_ptr_not_equal(found(&shm, &b), s);
    b = a, b.method = PEL_STR("POST");
    assert_ptr_not_equal(found(&shm, &b), s);
    b = a, b.route = PEL_STR("/orders");
    assert_ptr_not_equal(found(&shm, &b), s);
    b = a, b.version_minor = 0;
    assert_ptr_not_equal(found(&shm, &b), s);
    b = a, b.scheme = PEL_STR("https");
    assert_ptr_not_equal(found(&shm, &b), s);
    b = a, b.error = PEL_ERROR_CLIENT_GONE;
    assert_ptr_not_equal(found(&shm, &b), s);
    b = a, b.path = PEL_STR("/orders/18");
    assert_ptr_equal(found(&shm, &b), s);
    assert_int_equal(atomic_load(&pel_shm_slot(&shm, 0)->series.n), 7);
    assert_int_equal(n_requests(s), 1);
    pel_shm_close(&shm);
}

static void a_hint_is_only_taken_where_it_fits(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_series_table *t = &pel_shm_slot(&shm, 0)->series;
    struct pel_record a = fixture_record(1000), b = a;
    struct pel_shm_series *s = found(&shm, &a);

    b.route = PEL_STR("/orders/{ix}");
    assert_ptr_equal(pel_series_find(t, &a, s), s);
    assert_ptr_not_equal(pel_series_find(t, &b, s), s);
    pel_shm_close(&shm);
}

static void unknown_methods_share_a_stream(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_record rec = fixture_record(1000);
    struct pel_shm_series *s;

    rec.method = PEL_STR("BREW");
    s = found(&shm, &rec);
    assert_string_equal(s->method, "_OTHER");
    rec.method = PEL_STR("get");
    assert_ptr_equal(found(&shm, &rec), s);
    rec.method = PEL_STR_NONE;
    assert_ptr_equal(found(&shm, &rec), s);
    pel_shm_close(&shm);
}

static void table_overflows_into_its_last_entry(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_series_table *t = &pel_shm_slot(&shm, 0)->series;
    struct pel_record rec = fixture_record(1000);
    struct pel_conf conf = fixture_conf();
    struct pel_probes *ps = pel_probes_start(&conf, &shm, 0, -1, NULL);
    char route[32];

    for (int i = 0; i < PEL_SHM_SERIES_N + 9; i++) {
        int len = snprintf(route, sizeof(route), "/r/%d", i);

        rec.route = pel_str(route, (size_t)len);
        pel_probes_finish(ps, &rec);
        assert_int_equal(pel_series_is_overflow(t, found(&shm, &rec)), i >= PEL_SHM_SERIES_N - 1);
    }
    assert_int_equal(atomic_load(&t->n), PEL_SHM_SERIES_N - 1);
    assert_int_equal(n_requests(&t->items[PEL_SHM_SERIES_N - 1]), 10);
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
    struct pel_record rec = fixture_record(1000);

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        struct pel_shm shm = fixture_shm(1);
        struct pel_shm_series *s = fixture_count(&shm, 0, &rec, cases[i].ns);

        assert_int_equal(atomic_load(&s->buckets[cases[i].bucket]), 1);
        assert_int_equal(atomic_load(&s->sum_ns), cases[i].ns);
        assert_int_equal(n_requests(s), 1);
        pel_shm_close(&shm);
    }
}

static void sizes_have_buckets_of_their_own(void **state)
{
    static const struct {
        uint64_t bytes;
        int bucket;
    } cases[] = {
        {0, 0},     {1, 1},        {1024, 1},    {1025, 2},           {4096, 2},       {4097, 3},
        {65536, 4}, {16 << 20, 8}, {1 << 24, 8}, {(16 << 20) + 1, 9}, {UINT64_MAX, 9},
    };
    struct pel_shm shm = fixture_shm(1);
    struct pel_record rec = fixture_record(1000);
    struct pel_shm_series *s;

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        size_t bucket = pel_size_bucket(cases[i].bytes);

        assert_int_equal(bucket, cases[i].bucket);
        assert_true(bucket == PEL_SIZE_BUCKETS - 1 || cases[i].bytes <= pel_size_bounds[bucket]);
        assert_true(bucket == 0 || cases[i].bytes > pel_size_bounds[bucket - 1]);
    }
    rec.body_in = 3000;
    rec.body_out = 100;
    s = fixture_count(&shm, 0, &rec, 1);
    assert_int_equal(atomic_load(&s->request.buckets[2]), 1);
    assert_int_equal(atomic_load(&s->request.sum), 3000);
    assert_int_equal(atomic_load(&s->response.buckets[1]), 1);
    assert_int_equal(atomic_load(&s->response.sum), 100);
    pel_shm_close(&shm);
}

/* The bounds that OpenTelemetry gives to bucket i at this scale. */
static double exp_bound(int i)
{
    return exp2((double)(PEL_EXP_FIRST * PEL_EXP_WIDTH + i) / PEL_EXP_WIDTH);
}

static void exponential_buckets_are_opentelemetrys(void **state)
{
    const int n = PEL_EXP_OCTAVES * PEL_EXP_WIDTH;

    for (double s = 4e-6; s < 1000; s *= 1.0037) {
        uint64_t ns = (uint64_t)(s * 1e9);
        int bucket = pel_exp_bucket(ns);
        double lower = exp_bound(bucket), upper = exp_bound(bucket + 1);

        assert_true(bucket >= 0 && bucket < n);
        assert_true((double)ns / 1e9 > lower * (1 - 1e-12));
        assert_true((double)ns / 1e9 <= upper * (1 + 1e-12));
        /* What a quantile says of any value in the bucket. */
        assert_true(sqrt(upper / lower) - 1 < 0.02);
    }
    assert_int_equal(pel_exp_bucket(0), -1);
    assert_int_equal(pel_exp_bucket(3814), -1);
    assert_int_equal(pel_exp_bucket(3815), 0);
    assert_int_equal(pel_exp_bucket(1000000000), -PEL_EXP_FIRST * PEL_EXP_WIDTH - 1);
    assert_int_equal(pel_exp_bucket(1000000001), -PEL_EXP_FIRST * PEL_EXP_WIDTH);
    assert_int_equal(pel_exp_bucket(1024000000000), n - 1);
    assert_int_equal(pel_exp_bucket(UINT64_MAX), n - 1);
}

static void octaves_are_taken_as_they_are_needed(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_series_table *t = &pel_shm_slot(&shm, 0)->series;
    struct pel_record rec = fixture_record(1000);
    struct pel_shm_series *s = fixture_count(&shm, 0, &rec, 3 * PEL_NS_PER_MS);
    int bucket = pel_exp_bucket(3 * PEL_NS_PER_MS);
    const struct pel_shm_octave *octave = pel_series_octave(t, s, (size_t)bucket / PEL_EXP_WIDTH);

    assert_int_equal(t->n_octaves, 1);
    assert_non_null(octave);
    assert_int_equal(atomic_load(&octave->buckets[bucket % PEL_EXP_WIDTH]), 1);
    fixture_count(&shm, 0, &rec, 3 * PEL_NS_PER_MS);
    assert_int_equal(atomic_load(&octave->buckets[bucket % PEL_EXP_WIDTH]), 2);
    assert_int_equal(t->n_octaves, 1);
    fixture_count(&shm, 0, &rec, 3 * PEL_NS_PER_SEC);
    fixture_count(&shm, 0, &rec, 1);
    assert_int_equal(t->n_octaves, 2);
    assert_int_equal(atomic_load(&s->n_short), 1);
    assert_null(pel_series_octave(t, s, 0));
    pel_shm_close(&shm);
}

/* A worker may have left anything, and the supervisor counts there what it buries. */
static void a_damaged_table_is_written_within_its_bounds(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_series_table *t = &pel_shm_slot(&shm, 0)->series;
    struct pel_record rec = fixture_record(1000);
    struct pel_shm_series *overflow = &t->items[PEL_SHM_SERIES_N - 1];

    memset(t->index, 0xff, sizeof(t->index));
    assert_ptr_equal(pel_series_find(t, &rec, NULL), overflow);
    memset(t->index, 0, sizeof(t->index));
    atomic_store(&t->n, UINT32_MAX);
    assert_ptr_equal(pel_series_find(t, &rec, NULL), overflow);
    for (size_t i = 0; i < PEL_EXP_OCTAVES; i++)
        atomic_store(&overflow->octaves[i], UINT16_MAX);
    t->n_octaves = UINT32_MAX;
    pel_series_add(t, overflow, &rec);
    assert_int_equal(t->n_octaves, UINT32_MAX);
    t->n_octaves = 3;
    atomic_store(&overflow->octaves[0], UINT16_MAX);
    rec.stamp_ns[PEL_STAMP_LAST_BYTE] = rec.stamp_ns[PEL_STAMP_FIRST_BYTE] + 4000;
    pel_series_add(t, overflow, &rec);
    assert_int_equal(atomic_load(&overflow->octaves[0]), 4);
    pel_shm_close(&shm);
}

static void the_beginning_of_another_stream_leaves_nothing(void **state)
{
    struct pel_shm shm = fixture_shm(2);
    struct pel_record rec = fixture_record(1000);
    struct pel_shm_series *half = &pel_shm_slot(&shm, 0)->series.items[0], *whole;

    memset(half->method, 'X', sizeof(half->method)); /* its worker died before it was in use */
    memset(half->route, 'X', sizeof(half->route));
    half = fixture_count(&shm, 0, &rec, 1000);
    whole = fixture_count(&shm, 1, &rec, 1000);
    assert_true(pel_series_equal(half, whole));
    assert_str(pel_series_method(half), "GET");
    pel_shm_close(&shm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_differ_by_their_attributes),
        cmocka_unit_test(a_hint_is_only_taken_where_it_fits),
        cmocka_unit_test(unknown_methods_share_a_stream),
        cmocka_unit_test(table_overflows_into_its_last_entry),
        cmocka_unit_test(buckets_include_their_bound),
        cmocka_unit_test(sizes_have_buckets_of_their_own),
        cmocka_unit_test(exponential_buckets_are_opentelemetrys),
        cmocka_unit_test(octaves_are_taken_as_they_are_needed),
        cmocka_unit_test(a_damaged_table_is_written_within_its_bounds),
        cmocka_unit_test(the_beginning_of_another_stream_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
