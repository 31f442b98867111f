#include <errno.h>

#include "../check.h"
#include "pellucid/err.h"

static void a_failure_has_a_text(void **state)
{
    struct pel_err err;

    assert_int_equal(pel_err_set(&err, "%s: port %d", "bind", 80), -1);
    assert_string_equal(err.text, "bind: port 80");
    pel_err_set(&err, "%s", "a\nb\x7f\xc3\xaf");
    assert_string_equal(err.text, "a?b?\xc3\xaf");
}

static void that_of_the_system_has_its_reason_and_keeps_errno(void **state)
{
    struct pel_err err;

    errno = EACCES;
    assert_int_equal(pel_err_sys(&err, "bind %s", "/run/x"), -1);
    assert_string_equal(err.text, "bind /run/x: Permission denied");
    assert_int_equal(errno, EACCES);
}

static void nobody_need_listen(void **state)
{
    errno = EPIPE;
    assert_int_equal(pel_err_set(NULL, "x"), -1);
    assert_int_equal(pel_err_sys(NULL, "x"), -1);
    assert_int_equal(errno, EPIPE);
}

static void a_long_text_is_cut(void **state)
{
    struct pel_err err;

    errno = EACCES;
    pel_err_sys(&err, "%02000d", 1);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    pel_err_sys(&err, "%01020d", 1);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    assert_string_equal(err.text + 1020, ": P");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_has_a_text),
        cmocka_unit_test(that_of_the_system_has_its_reason_and_keeps_errno),
        cmocka_unit_test(nobody_need_listen),
        cmocka_unit_test(a_long_text_is_cut),
    };

    return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
