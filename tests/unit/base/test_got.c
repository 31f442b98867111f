#include <unistd.h>

#include "../check.h"
#include "pellucid/got.h"

static int n_calls;

static pid_t counted(void)
{
    n_calls++;
    return 7;
}

/* Through the table, whatever the compiler knows about getppid. */
static pid_t call(void)
{
    return getppid();
}

static void calls_go_to_the_function_given(void **state)
{
    struct pel_err err;
    pid_t before = call();

    assert_int_equal(pel_got_replace((uintptr_t)call, "getppid", (pel_got_function)counted, &err),
                     0);
    assert_int_equal(call(), 7);
    assert_int_equal(n_calls, 1);
    assert_int_equal(
        pel_got_replace((uintptr_t)&n_calls, "getppid", (pel_got_function)getppid, &err), 0);
    assert_int_not_equal(before, 7);
    assert_int_equal(n_calls, 1);
}

static void what_is_not_called_is_said(void **state)
{
    struct pel_err err;

    assert_int_equal(
        pel_got_replace((uintptr_t)call, "no_such_function", (pel_got_function)counted, &err), -1);
    assert_string_equal(err.text, "no_such_function is not called through a table");
}

static void no_object_holds_nothing(void **state)
{
    struct pel_err err;

    assert_int_equal(pel_got_replace(16, "getppid", (pel_got_function)counted, &err), -1);
    assert_string_equal(err.text, "no loaded object holds 0x10");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_go_to_the_function_given),
        cmocka_unit_test(what_is_not_called_is_said),
        cmocka_unit_test(no_object_holds_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
