/* How long a request waited for the GIL. */
#include "../check.h"
#include "worker/gil.h"

static void waits_add_up(void **state)
{
    struct pel_record rec = {.gil_asked_ns = 0};

    pel_gil_ask(&rec, 1000000);
    pel_gil_got(&rec, 1500000);
    assert_int_equal(rec.spent.gil_wait_ns, 500000);
    pel_gil_ask(&rec, 7000000);
    pel_gil_got(&rec, 7100000);
    assert_int_equal(rec.spent.gil_wait_ns, 600000);
    assert_int_equal(rec.gil_asked_ns, 0);
}

static void the_first_of_many_threads_counts(void **state)
{
    struct pel_record rec = {.gil_asked_ns = 0};

    pel_gil_ask(&rec, 1000000);
    pel_gil_ask(&rec, 1400000);
    pel_gil_got(&rec, 1500000);
    assert_int_equal(rec.spent.gil_wait_ns, 500000);
}

static void a_free_gil_is_no_wait(void **state)
{
    struct pel_record rec = {.gil_asked_ns = 0};

    pel_gil_ask(&rec, 1000000);
    pel_gil_got(&rec, 1000000 + PEL_GIL_AT_ONCE_NS);
    assert_int_equal(rec.spent.gil_wait_ns, 0);
    pel_gil_ask(&rec, 1000000);
    pel_gil_got(&rec, 1000000 + PEL_GIL_AT_ONCE_NS + 1);
    assert_int_equal(rec.spent.gil_wait_ns, PEL_GIL_AT_ONCE_NS + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_add_up),
        cmocka_unit_test(the_first_of_many_threads_counts),
        cmocka_unit_test(a_free_gil_is_no_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
