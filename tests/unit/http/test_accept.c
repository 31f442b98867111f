#include <stdio.h>

#include "../check.h"
#include "fixture.h"

static struct fixture fixture;

static int set_up(void **state)
{
    fixture_init(&fixture, NULL, NULL);
    return 0;
}

static int tear_down(void **state)
{
    fixture_fini(&fixture);
    return 0;
}

static struct pel_accept accepted(const char *value)
{
    char fields[256];

    snprintf(fields, sizeof(fields), "Host: a\r\nAccept: %s\r\n", value);
    fixture_head(&fixture, "GET / HTTP/1.1", fields);
    return pel_head_accepts(fixture.head, PEL_STR("text/plain"), PEL_STR("0.0.4"));
}

static void the_most_specific_range_counts(void **state)
{
    static const struct {
        const char *value;
        int q;
        bool is_named;
    } cases[] = {
        {"text/plain", 1000, true},
        {"TEXT/Plain", 1000, true},
        {"text/plain;q=0.5", 500, true},
        {"text/plain ; Q=0.125 , */*", 125, true},
        {"*/*;q=0.1,text/plain;q=0", 0, true},
        {"*/*;q=0.1", 100, false},
        {"text/*;q=0.3,*/*", 300, false},
        {"TEXT/*", 1000, false},
        {"text/plain;version=0.0.4;q=0.2,text/plain;q=0.7", 200, true},
        {"text/plain;q=0.2;version=\"0.0.4\"", 200, true},
        {"text/plain;version=1.0.0,*/*;q=0.4", 400, false},
        {"text/plain;charset=utf-8", 1000, true},
        {"text/plain;q=0.2,text/plain;q=0.3", 300, true},
        {"", 0, false},
        {"image/png", 0, false},
        {"text/plainer", 0, false},
        {"text", 0, false},
        {"text/", 0, false},
        {"tex/*", 0, false},
        {";", 0, false},
    };

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        struct pel_accept found = accepted(cases[i].value);

        if (found.q != cases[i].q || found.is_named != cases[i].is_named)
            fail_msg("%s gave %d, %d", cases[i].value, found.q, found.is_named);
    }
}

static void malformed_weights_are_passed_over(void **state)
{
    static const char *const malformed[] = {"",    ".5",    "0,5", "1.001", "1.5", "2",    "0.1234",
                                            "-0.", "0.5.5", "00",  "0x1",   "x",   "\"1\""};
    static const char *const whole[] = {"1", "1.", "1.0", "1.000"};
    char value[64];

    for (size_t i = 0; i < PEL_ARRAY_LEN(malformed); i++) {
        snprintf(value, sizeof(value), "text/plain;q=%s", malformed[i]);
        assert_int_equal(accepted(value).q, 0);
    }
    for (size_t i = 0; i < PEL_ARRAY_LEN(whole); i++) {
        snprintf(value, sizeof(value), "text/plain;q=%s", whole[i]);
        assert_int_equal(accepted(value).q, PEL_ACCEPT_WHOLE);
    }
}

static void several_fields_are_one_list(void **state)
{
    fixture_head(&fixture, "GET / HTTP/1.1",
                 "Host: a\r\nAccept: */*;q=0.1\r\nAccept: text/plain;q=0.6\r\n");
    assert_int_equal(pel_head_accepts(fixture.head, PEL_STR("text/plain"), PEL_STR("")).q, 600);
    fixture_head(&fixture, "GET / HTTP/1.1", "Host: a\r\n");
    assert_int_equal(pel_head_accepts(fixture.head, PEL_STR("text/plain"), PEL_STR("")).q, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_most_specific_range_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(malformed_weights_are_passed_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(several_fields_are_one_list, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
