#include "fixture.h"

static void lags_are_counted_by_length(void **state)
{
    struct pel_shm_vitals vs = {.conns_rested = 0};

    pel_lag_add(&vs, 0);
    pel_lag_add(&vs, PEL_NS_PER_MS);
    pel_lag_add(&vs, 60 * PEL_NS_PER_SEC);
    assert_int_equal(atomic_load(&vs.lag_buckets[0]), 2);
    assert_int_equal(atomic_load(&vs.lag_buckets[PEL_LAG_BUCKETS - 1]), 1);
    assert_int_equal(atomic_load(&vs.lag_sum_ns), 60 * PEL_NS_PER_SEC + PEL_NS_PER_MS);
    for (size_t i = 1; i < PEL_LAG_BUCKETS - 1; i++)
        assert_true(pel_lag_bounds_ns[i] > pel_lag_bounds_ns[i - 1]);
}

static void connections_that_rest_move_from_app_to_idle(void **state)
{
    struct pel_shm_vitals vs = {.conns_rested = 0};

    pel_vital_add(&vs, PEL_VITAL_CONN_APP, 3);
    atomic_fetch_add(&vs.conns_rested, 2);
    assert_int_equal(pel_vital_read(&vs, PEL_VITAL_CONN_APP), 1);
    assert_int_equal(pel_vital_read(&vs, PEL_VITAL_CONN_IDLE), 2);
    pel_vital_sub(&vs, PEL_VITAL_CONN_IDLE, 1);
    assert_int_equal(pel_vital_read(&vs, PEL_VITAL_CONN_IDLE), 1);
    assert_int_equal(pel_vital_read(&vs, PEL_VITAL_CONN_HEAD), 0);
}

/* A reader may see one of the two numbers that a change moves, and not yet the other. */
static void half_a_change_is_not_below_zero(void **state)
{
    struct pel_shm_vitals vs = {.conns_rested = 1};

    assert_int_equal(pel_vital_read(&vs, PEL_VITAL_CONN_APP), 0);
    atomic_store(&vs.conns_rested, 0);
    pel_vital_sub(&vs, PEL_VITAL_CONN_IDLE, 1);
    assert_int_equal(pel_vital_read(&vs, PEL_VITAL_CONN_IDLE), 0);
}

static void vitals_of_the_moment_begin_anew_with_a_worker(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_vitals *vs = &pel_shm_slot(&shm, 0)->vitals;
    struct pel_conf conf = fixture_conf();
    struct pel_probes *ps;

    pel_vital_add(vs, PEL_VITAL_CONN_APP, 3);
    atomic_fetch_add(&vs->conns_rested, 1);
    pel_vital_add(vs, PEL_VITAL_GC_2, 5);
    ps = pel_probes_start(&conf, &shm, 0, -1, NULL);
    assert_non_null(ps);
    assert_int_equal(pel_vital_read(vs, PEL_VITAL_CONN_APP), 0);
    assert_int_equal(pel_vital_read(vs, PEL_VITAL_CONN_IDLE), 0);
    assert_int_equal(pel_vital_read(vs, PEL_VITAL_GC_2), 5);
    pel_probes_stop(ps);
    pel_shm_close(&shm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lags_are_counted_by_length),
        cmocka_unit_test(connections_that_rest_move_from_app_to_idle),
        cmocka_unit_test(half_a_change_is_not_below_zero),
        cmocka_unit_test(vitals_of_the_moment_begin_anew_with_a_worker),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
