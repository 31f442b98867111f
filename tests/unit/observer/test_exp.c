#include <math.h>
#include <stdlib.h>

#include "../probe/fixture.h"

#include "observer/exp.h"

static const double qs[] = {0.5, 0.99, 0.999};

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* Durations from 10 us to 100 s, each factor of ten as likely as any other. */
static uint64_t draw(void)
{
    return (uint64_t)(1e4 * pow(10, 7.0 * (double)random() / RAND_MAX));
}

static void quantiles_are_good_to_two_per_cent(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_series_table *t = &pel_shm_slot(&shm, 0)->series;
    struct pel_record rec = fixture_record(1000);
    static uint64_t durations[20000];
    const size_t n = PEL_ARRAY_LEN(durations);
    struct pel_exp e = {.n_short = 0};
    uint64_t found[PEL_ARRAY_LEN(qs)];

    srandom(42);
    for (size_t i = 0; i < n; i++) {
        durations[i] = draw();
        fixture_count(&shm, 0, &rec, durations[i]);
    }
    qsort(durations, n, sizeof(durations[0]), compare);
    pel_exp_add(&e, t, &t->items[0]);
    assert_int_equal(pel_exp_quantiles(&e, NULL, qs, PEL_ARRAY_LEN(qs), found), n);
    for (size_t i = 0; i < PEL_ARRAY_LEN(qs); i++) {
        double exact = (double)durations[(size_t)(qs[i] * (double)n + 0.5) - 1];

        assert_true(fabs((double)found[i] / exact - 1) < 0.02);
    }
    pel_exp_fini(&e);
    pel_shm_close(&shm);
}

static void what_was_before_is_taken_out(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_series_table *t = &pel_shm_slot(&shm, 0)->series;
    struct pel_record rec = fixture_record(1000);
    struct pel_exp before = {.n_short = 0}, now = {.n_short = 0};
    uint64_t found[PEL_ARRAY_LEN(qs)];

    for (int i = 0; i < 1000; i++)
        fixture_count(&shm, 0, &rec, PEL_NS_PER_SEC);
    fixture_count(&shm, 0, &rec, 0);
    pel_exp_add(&before, t, &t->items[0]);
    assert_int_equal(pel_exp_quantiles(&before, &before, qs, PEL_ARRAY_LEN(qs), found), 0);
    assert_int_equal(found[0], 0);
    for (int i = 0; i < 10; i++)
        fixture_count(&shm, 0, &rec, 20 * PEL_NS_PER_MS);
    fixture_count(&shm, 0, &rec, 0);
    pel_exp_add(&now, t, &t->items[0]);
    assert_int_equal(pel_exp_quantiles(&now, &before, qs, PEL_ARRAY_LEN(qs), found), 11);
    for (size_t i = 0; i < PEL_ARRAY_LEN(qs); i++)
        assert_true(fabs((double)found[i] / 20e6 - 1) < 0.02);
    pel_exp_fini(&before);
    pel_exp_fini(&now);
    pel_shm_close(&shm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_good_to_two_per_cent),
        cmocka_unit_test(what_was_before_is_taken_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
