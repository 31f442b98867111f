#include "../check.h"

#include "observer/health.h"

static struct pel_health fixture_health(void)
{
    return (struct pel_health){.receiver = "http://a.example", .items = "spans"};
}

static void losses_are_told_once(void **state)
{
    struct pel_health h = fixture_health();

    pel_health_lost(&h, 3);
    pel_health_failed(&h, "no answer");
    assert_true(h.is_failure_logged);
    assert_int_equal(h.n_lost_unlogged, 0);
    pel_health_lost(&h, 2);
    pel_health_failed(&h, "no answer");
    assert_int_equal(h.n_lost_unlogged, 2); /* the line of before was a moment ago */
    pel_health_succeeded(&h, 0, "");
    assert_int_equal(h.n_lost_unlogged, 0); /* said with "works again" */
    assert_false(h.is_failing || h.is_failure_logged);
}

static void losses_wait_for_a_line_that_tells_them(void **state)
{
    struct pel_health h = fixture_health();

    pel_health_lost(&h, 3);
    pel_health_succeeded(&h, 1, "");
    assert_int_equal(h.n_lost_unlogged, 4);
    pel_health_succeeded(&h, 1, "one had no name");
    assert_int_equal(h.n_lost_unlogged, 0);
    assert_string_equal(h.last_failure, "one had no name");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_are_told_once),
        cmocka_unit_test(losses_wait_for_a_line_that_tells_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
