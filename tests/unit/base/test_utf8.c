#include "../check.h"

#include "pellucid/utf8.h"

static void bytes_that_are_none_are_replaced(void **state)
{
    static const struct {
        struct pel_str in;
        const char *out;
    } cases[] = {
        {PEL_STR(""), ""},
        {PEL_STR("plain, and longer than eight"), "plain, and longer than eight"},
        {PEL_STR("na\xc3\xafve \xf0\x9f\x98\x80"), "na\xc3\xafve \xf0\x9f\x98\x80"},
        {PEL_STR("\xc3"), "\xef\xbf\xbd"},
        {PEL_STR("a\0b"), "a\xef\xbf\xbd"
                          "b"},
        {PEL_STR("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {PEL_STR("eight be\xff"), "eight be\xef\xbf\xbd"},
    };

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        size_t len = pel_put_utf8_len(cases[i].in);
        char *room = malloc(len + 1), *end = pel_put_utf8(room, cases[i].in, len);

        assert_ptr_equal(end, room + len);
        assert_str(pel_str(room, len), cases[i].out);
        free(room);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_that_are_none_are_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
