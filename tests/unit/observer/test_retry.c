#include "../check.h"

#include "observer/transport.h"
#include "pellucid/time.h"

#define NOW (1000 * PEL_NS_PER_SEC)

static uint64_t pause_ms(int64_t retry_after_s, unsigned n_tries)
{
    struct pel_post post = {.retry_after_s = retry_after_s};

    return (pel_retry_time(&post, n_tries, NOW) - NOW) / PEL_NS_PER_MS;
}

static void pauses_grow(void **state)
{
    for (int i = 0; i < 100; i++) {
        assert_between(pause_ms(-1, 1), 500, 1500);
        assert_between(pause_ms(-1, 3), 1125, 3375);
        assert_between(pause_ms(-1, 100), 15000, 45000);
    }
}

static void receiver_may_ask_for_more_and_not_for_less(void **state)
{
    assert_between(pause_ms(0, 1), 500, 1500);
    assert_between(pause_ms(1, 100), 15000, 45000);
    assert_int_equal(pause_ms(100, 1), 100000);
    assert_int_equal(pause_ms(999999999, 1), 300000);
}

static void five_minutes_are_enough(void **state)
{
    assert_false(pel_retry_is_over(NOW, NOW));
    assert_false(pel_retry_is_over(NOW, NOW + 300 * PEL_NS_PER_SEC));
    assert_true(pel_retry_is_over(NOW, NOW + 300 * PEL_NS_PER_SEC + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_grow),
        cmocka_unit_test(receiver_may_ask_for_more_and_not_for_less),
        cmocka_unit_test(five_minutes_are_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
