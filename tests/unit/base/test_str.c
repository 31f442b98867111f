#include "../check.h"

static void slices_are_equal_when_their_bytes_are(void **state)
{
    assert_true(pel_str_eq(PEL_STR("host"), pel_str("hostname", 4)));
    assert_false(pel_str_eq(PEL_STR("host"), PEL_STR("Host")));
    assert_false(pel_str_eq(PEL_STR("host"), PEL_STR("hosts")));
    assert_true(pel_str_eq(PEL_STR("a\0b"), PEL_STR("a\0b")));
    assert_false(pel_str_eq(PEL_STR("a\0b"), PEL_STR("a\0c")));
    assert_true(pel_str_eq(PEL_STR_NONE, PEL_STR("")));
}

static void case_is_that_of_ascii_only(void **state)
{
    assert_true(pel_str_ieq(PEL_STR("Content-LENGTH"), PEL_STR("content-length")));
    assert_true(pel_str_ieq(PEL_STR_NONE, PEL_STR("")));
    assert_false(pel_str_ieq(PEL_STR("a"), PEL_STR("ab")));
    /* '@' and '`', '[' and '{' differ by the same bit as letters do. */
    assert_false(pel_str_ieq(PEL_STR("@["), PEL_STR("`{")));
    assert_false(pel_str_ieq(PEL_STR("\xc0"), PEL_STR("\xe0")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_are_equal_when_their_bytes_are),
        cmocka_unit_test(case_is_that_of_ascii_only),
    };

    return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
