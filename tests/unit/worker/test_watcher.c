#include "../check.h"
#include "worker/watcher.h"

#define MS PEL_NS_PER_MS

static const struct pel_glance seen = {
    .owner = 1, .n_loose = 7, .since_ns = 100 * MS, .cpu_ns = MS};

static enum pel_verdict judge(uint64_t away_ns, uint64_t cpu_ns, bool is_in_app, bool is_saturated)
{
    return pel_watcher_judge(&seen, seen.since_ns + away_ns, seen.cpu_ns + cpu_ns, is_in_app,
                             is_saturated);
}

static void who_has_just_left_is_left_alone(void **state)
{
    assert_int_equal(judge(0, 0, true, false), PEL_VERDICT_WAIT);
    assert_int_equal(judge(MS / 4, 0, true, false), PEL_VERDICT_WAIT);
}

static void a_clock_that_stands_still_means_blocked(void **state)
{
    assert_int_equal(judge(MS, 0, true, false), PEL_VERDICT_BLOCKED);
    assert_int_equal(judge(MS, MS / 8, true, false), PEL_VERDICT_BLOCKED);
}

static void who_computes_has_ten_milliseconds(void **state)
{
    assert_int_equal(judge(MS, MS, true, false), PEL_VERDICT_WAIT);
    assert_int_equal(judge(9 * MS, 9 * MS, true, false), PEL_VERDICT_WAIT);
    assert_int_equal(judge(10 * MS, 10 * MS, true, false), PEL_VERDICT_LONG);
}

static void waiting_for_the_gil_is_not_blocking(void **state)
{
    assert_int_equal(judge(5 * MS, 0, false, false), PEL_VERDICT_WAIT);
    assert_int_equal(judge(5 * MS, 0, true, true), PEL_VERDICT_WAIT);
    assert_int_equal(judge(11 * MS, 0, false, true), PEL_VERDICT_LONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_has_just_left_is_left_alone),
        cmocka_unit_test(a_clock_that_stands_still_means_blocked),
        cmocka_unit_test(who_computes_has_ten_milliseconds),
        cmocka_unit_test(waiting_for_the_gil_is_not_blocking),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
