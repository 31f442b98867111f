/* No bytes of a client may end a string or a line of the access log. */
#include "../check.h"
#include "pellucid/escape.h"

struct escape_case {
    struct pel_str in;
    const char *text, *json;
};

static const struct escape_case cases[] = {
    {PEL_STR(""), "", ""},
    {PEL_STR("plain /path?a=b&c"), "plain /path?a=b&c", "plain /path?a=b&c"},
    {PEL_STR("a\"b\\c"), "a\\x22b\\x5cc", "a\\\"b\\\\c"},
    {PEL_STR("a\r\nGET"), "a\\x0d\\x0aGET", "a\\u000d\\u000aGET"},
    {PEL_STR("\0\x1b[31m\x7f"), "\\x00\\x1b[31m\\x7f", "\\u0000\\u001b[31m\\u007f"},
    {PEL_STR("na\xc3\xafve"), "na\\xc3\\xafve", "na\xc3\xafve"},
    {PEL_STR("\xf0\x9f\x98\x80!"), "\\xf0\\x9f\\x98\\x80!", "\xf0\x9f\x98\x80!"},
    {PEL_STR("\xff\xfe"), "\\xff\\xfe", "\\u00ff\\u00fe"},
    {PEL_STR("\xc3"), "\\xc3", "\\u00c3"},                                 /* cut short */
    {PEL_STR("\xc0\xaf"), "\\xc0\\xaf", "\\u00c0\\u00af"},                 /* overlong */
    {PEL_STR("\xed\xa0\x80"), "\\xed\\xa0\\x80", "\\u00ed\\u00a0\\u0080"}, /* surrogate */
    {PEL_STR("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80", "\\u00f4\\u0090\\u0080\\u0080"},
    {PEL_STR("\xc2\x85"), "\\xc2\\x85", "\\u0085"},          /* NEL */
    {PEL_STR("\xe2\x80\xa8"), "\\xe2\\x80\\xa8", "\\u2028"}, /* LINE SEPARATOR */
    {PEL_STR("1234567\"12345678\\1234567\x01"), "1234567\\x2212345678\\x5c1234567\\x01",
     "1234567\\\"12345678\\\\1234567\\u0001"},
};

static void each_case_comes_out_as_told(void **state)
{
    char out[256];

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        size_t n = pel_escape_text(out, sizeof(out), cases[i].in);

        assert_str(pel_str(out, n), cases[i].text);
        n = pel_escape_json(out, sizeof(out), cases[i].in);
        assert_str(pel_str(out, n), cases[i].json);
    }
}

static void every_byte_at_every_place_is_harmless(void **state)
{
    char in[24], out[256];

    for (int c = 0; c < 256; c++) {
        for (size_t at = 0; at < sizeof(in); at++) {
            size_t n;

            memset(in, 'x', sizeof(in));
            in[at] = (char)c;
            n = pel_escape_text(out, sizeof(out), pel_str(in, sizeof(in)));
            for (size_t i = 0; i < n; i++)
                assert_true(out[i] >= 0x20 && out[i] < 0x7f && out[i] != '"');
            n = pel_escape_json(out, sizeof(out), pel_str(in, sizeof(in)));
            for (size_t i = 0; i < n; i++)
                assert_true(out[i] >= 0x20 && out[i] < 0x7f &&
                            (out[i] != '"' || out[i - 1] == '\\'));
        }
    }
}

static void long_input_is_cut_with_dots(void **state)
{
    char in[1000], out[64];

    memset(in, 'a', sizeof(in));
    assert_int_equal(pel_escape_text(out, sizeof(out), pel_str(in, 61)), 61);
    assert_int_equal(pel_escape_text(out, sizeof(out), pel_str(in, sizeof(in))), 64);
    assert_memory_equal(out + 61, "...", 3);
    memset(in, 0x01, sizeof(in));
    for (size_t max = 16; max <= sizeof(out); max++) {
        size_t n = pel_escape_json(out, max, pel_str(in, sizeof(in)));

        assert_true(n <= max);
        assert_int_equal(n % 6, 3);
        assert_memory_equal(out + n - 3, "...", 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_comes_out_as_told),
        cmocka_unit_test(every_byte_at_every_place_is_harmless),
        cmocka_unit_test(long_input_is_cut_with_dots),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
