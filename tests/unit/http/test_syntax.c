#include "../check.h"
#include "http/syntax.h"

static struct pel_str of(const char *text)
{
    return pel_str(text, strlen(text));
}

static void test_classes(void **state)
{
    for (unsigned c = 0; c < 256; c++) {
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool is_token = is_alnum || (c && c < 128 && strchr("!#$%&'*+-.^_`|~", (int)c));
        bool is_value = c == '\t' || (c >= 0x20 && c != 0x7f);

        assert_int_equal(!!(pel_syntax[c] & PEL_SYNTAX_TOKEN), is_token);
        assert_int_equal(!!(pel_syntax[c] & PEL_SYNTAX_VALUE), is_value);
        assert_int_equal(!!(pel_syntax[c] & PEL_SYNTAX_TARGET), c > 0x20 && c < 0x7f && c != '#');
    }
}

/* The quick way and the table agree, wherever the byte stands. */
static void test_values(void **state)
{
    for (unsigned c = 0; c < 256; c++) {
        for (size_t at = 0; at < 19; at++) {
            char text[19];

            memset(text, 'a', sizeof(text));
            text[5] = '\xff';
            text[at] = (char)c;
            assert_int_equal(pel_syntax_is_value(pel_str(text, sizeof(text))),
                             !!(pel_syntax[c] & PEL_SYNTAX_VALUE));
        }
    }
    assert_true(pel_syntax_is_value(of("")));
}

static void test_numbers(void **state)
{
    assert_int_equal(pel_syntax_number(of("0")), 0);
    assert_int_equal(pel_syntax_number(of("00012")), 12);
    assert_int_equal(pel_syntax_number(of("9223372036854775807")), INT64_MAX);
    assert_int_equal(pel_syntax_number(of("9223372036854775808")), -1);
    assert_int_equal(pel_syntax_number(of("99999999999999999999")), -1);
    assert_int_equal(pel_syntax_number(of("")), -1);
    assert_int_equal(pel_syntax_number(of("1 ")), -1);
    assert_int_equal(pel_syntax_number(of("-1")), -1);
}

/* RFC 3986 3.2.2 */
static void test_authorities(void **state)
{
    static const struct {
        const char *text, *host; /* host NULL: malformed */
        int port;
    } cases[] = {
        {"", "", -1},
        {"a", "a", -1},
        {"a:", "a", -1},
        {"a:0", "a", 0},
        {"A.b-c_d~:8080", "A.b-c_d~", 8080},
        {"a:65535", "a", 65535},
        {"a:65536", NULL, 0},
        {"a:00080", "a", 80},
        {"a:8a", NULL, 0},
        {"a:80:81", NULL, 0},
        {":80", NULL, 0},
        {":", NULL, 0},
        {"%41%5a", "%41%5a", -1},
        {"%4", NULL, 0},
        {"%zz", NULL, 0},
        {"a%", NULL, 0},
        {"!$&'()*+;=", "!$&'()*+;=", -1},
        {"a,b", NULL, 0},
        {"127.0.0.1:1", "127.0.0.1", 1},
        {"[::1]", "[::1]", -1},
        {"[2001:db8::7]:443", "[2001:db8::7]", 443},
        {"[::ffff:1.2.3.4]:", "[::ffff:1.2.3.4]", -1},
        {"[127.0.0.1]", NULL, 0},
        {"[fe80::1%25eth0]", NULL, 0},
        {"[]", NULL, 0},
        {"[::1", NULL, 0},
        {"[::1]80", NULL, 0},
        {"[::1]]", NULL, 0},
        {"::1", NULL, 0},
        {"a b", NULL, 0},
        {"a/b", NULL, 0},
        {"a?b", NULL, 0},
        {"a#b", NULL, 0},
        {"u@a", NULL, 0},
        {"a\\b", NULL, 0},
        {"a\x01", NULL, 0},
        {"<a>", NULL, 0},
        {"\xc3\xa9", NULL, 0},
    };

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        struct pel_authority got;
        bool is_good = pel_syntax_authority(of(cases[i].text), &got);

        if (is_good != (cases[i].host != NULL))
            fail_msg("authority %s", cases[i].text);
        if (!is_good)
            continue;
        assert_true(pel_str_eq(got.host, of(cases[i].host)));
        assert_int_equal(got.port, cases[i].port);
    }
}

static void test_addresses(void **state)
{
    assert_true(pel_syntax_is_address(of("1.2.3.4")));
    assert_true(pel_syntax_is_address(of("::")));
    assert_true(pel_syntax_is_address(of("2001:db8::1")));
    assert_false(pel_syntax_is_address(of("")));
    assert_false(pel_syntax_is_address(of("1.2.3")));
    assert_false(pel_syntax_is_address(of("1.2.3.4.5")));
    assert_false(pel_syntax_is_address(of("256.1.1.1")));
    assert_false(pel_syntax_is_address(of("[::1]")));
    assert_false(pel_syntax_is_address(of("fe80::1%eth0")));
    assert_false(pel_syntax_is_address(pel_str("1.2.3.4\0", 8)));
    assert_false(pel_syntax_is_address(of("0000:0000:0000:0000:0000:0000:0000:0000:0000:0000")));
}

static void test_lists(void **state)
{
    struct pel_str list = of(" ,a ,\tb\t,,c d,"), member;
    const char *const want[] = {"a", "b", "c d"};

    for (size_t i = 0; i < 3; i++) {
        assert_true(pel_syntax_next_member(&list, &member));
        assert_true(pel_str_eq(member, of(want[i])));
    }
    assert_false(pel_syntax_next_member(&list, &member));
    list = of(" ,a ,\tb\t,,c d,");
    for (size_t i = 3; i > 0; i--) {
        assert_true(pel_syntax_last_member(&list, &member));
        assert_true(pel_str_eq(member, of(want[i - 1])));
    }
    assert_false(pel_syntax_last_member(&list, &member));
    list = PEL_STR_NONE;
    assert_false(pel_syntax_last_member(&list, &member));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),   cmocka_unit_test(test_values),
        cmocka_unit_test(test_numbers),   cmocka_unit_test(test_authorities),
        cmocka_unit_test(test_addresses), cmocka_unit_test(test_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
