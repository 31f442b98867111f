#include <math.h>

#include "../probe/fixture.h"

#include "observer/exp.h"
#include "observer/report_histogram.h"

static void exponential_buckets_are_where_values_are(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_series_table *t = &pel_shm_slot(&shm, 0)->series;
    struct pel_record rec = fixture_record(1000);
    Otlp__ExponentialHistogramDataPoint p = OTLP__EXPONENTIAL_HISTOGRAM_DATA_POINT__INIT;
    struct pel_exp e = {.n_short = 0};
    struct pel_histogram h = {.sum = 2 * PEL_NS_PER_SEC, .exponential = &e};
    struct pel_arena a;

    fixture_count(&shm, 0, &rec, 1);
    fixture_count(&shm, 0, &rec, 3 * PEL_NS_PER_MS);
    fixture_count(&shm, 0, &rec, 5 * PEL_NS_PER_MS);
    fixture_count(&shm, 0, &rec, 5 * PEL_NS_PER_MS);
    pel_exp_add(&e, t, &t->items[0]);
    pel_arena_init(&a);
    pel_report_exponential(&p, &h, PEL_NS_PER_SEC, &a);
    assert_int_equal(p.count, 4);
    assert_int_equal(p.zero_count, 1);
    assert_true(p.zero_threshold == exp2(PEL_EXP_FIRST));
    assert_true(p.sum == 2);
    /* Bucket i is (2^(i/32), 2^((i+1)/32)]. */
    assert_int_equal(p.scale, 5);
    assert_int_equal(p.positive->offset, (int)ceil(log2(0.003) * 32) - 1);
    assert_int_equal(p.positive->n_bucket_counts,
                     (int)ceil(log2(0.005) * 32) - (int)ceil(log2(0.003) * 32) + 1);
    assert_int_equal(p.positive->bucket_counts[0], 1);
    assert_int_equal(p.positive->bucket_counts[p.positive->n_bucket_counts - 1], 2);
    pel_arena_reset(&a);
    pel_exp_fini(&e);
    pel_shm_close(&shm);
}

static void nothing_has_no_buckets(void **state)
{
    Otlp__ExponentialHistogramDataPoint p = OTLP__EXPONENTIAL_HISTOGRAM_DATA_POINT__INIT;
    struct pel_exp e = {.n_short = 0};
    struct pel_histogram h = {.exponential = &e};
    struct pel_arena a;

    pel_arena_init(&a);
    pel_report_exponential(&p, &h, PEL_NS_PER_SEC, &a);
    assert_int_equal(p.count, 0);
    assert_null(p.positive);
    pel_arena_reset(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exponential_buckets_are_where_values_are),
        cmocka_unit_test(nothing_has_no_buckets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
