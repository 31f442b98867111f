#include "../check.h"
#include "fixture.h"

static void test_every_name_is_found(void **state)
{
    for (unsigned id = PEL_HEADER_OTHER + 1; id < PEL_HEADER_N; id++)
        assert_int_equal(pel_header_lookup(pel_header_name((enum pel_header_id)id)), id);
}

static void test_others_are_not(void **state)
{
    static const char *const names[] = {
        "", "h", "hos", "hosts", "x-request", "Host", "hpst", "content-lengti", "x_forwarded_for"};

    for (size_t i = 0; i < PEL_ARRAY_LEN(names); i++)
        assert_int_equal(pel_header_lookup(pel_str(names[i], strlen(names[i]))), PEL_HEADER_OTHER);
    assert_int_equal(pel_header_name(PEL_HEADER_OTHER).len, 0);
}

static void test_get_gives_the_first(void **state)
{
    struct fixture f;

    fixture_init(&f, NULL, NULL);
    fixture_head(&f, "GET / HTTP/1.1", "Host: a\r\nCookie: b\r\nX: y\r\ncookie: c\r\n");
    assert_int_equal(pel_head_get(f.head, PEL_HEADER_COOKIE).len, 1);
    assert_memory_equal(pel_head_get(f.head, PEL_HEADER_COOKIE).p, "b", 1);
    assert_null(pel_head_get(f.head, PEL_HEADER_REFERER).p);
    fixture_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_name_is_found),
        cmocka_unit_test(test_others_are_not),
        cmocka_unit_test(test_get_gives_the_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
