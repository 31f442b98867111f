#include "../check.h"
#include "pellucid/http.h"

static void test_reasons(void **state)
{
    assert_string_equal(pel_status_reason(200), "OK");
    assert_string_equal(pel_status_reason(413), "Content Too Large");
    assert_string_equal(pel_status_reason(299), "");
    assert_string_equal(pel_status_reason(0), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reasons)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
