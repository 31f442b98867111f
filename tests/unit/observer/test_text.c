#include "../probe/fixture.h"

#include "observer/json.h"
#include "observer/text.h"

static void any_bytes_become_a_text_of_utf8(void **state)
{
    struct pel_arena a;

    pel_arena_init(&a);
    assert_string_equal(pel_text_utf8(&a, PEL_STR("a\0b\xff")), "a\xef\xbf\xbd"
                                                                "b\xef\xbf\xbd");
    assert_string_equal(pel_text_utf8(&a, PEL_STR("")), "");
    pel_arena_reset(&a);
}

static void html_has_no_markup_of_clients(void **state)
{
    struct pel_buf out;

    pel_buf_init(&out);
    pel_text_add_html(&out, PEL_STR("<a href='x' on=\"y\">&amp;\x01\xff\n\xc3\xa9"));
    assert_str(pel_str(out.p, out.len),
               "&lt;a href=&#39;x&#39; on=&quot;y&quot;&gt;&amp;amp;\xef\xbf\xbd\xef\xbf\xbd\n"
               "\xc3\xa9");
    pel_buf_fini(&out);
}

static void durations_are_readable(void **state)
{
    static const struct {
        uint64_t ns;
        const char *text;
    } cases[] = {
        {0, "0 us"},
        {812345, "812 us"},
        {3420000, "3.42 ms"},
        {1200000000, "1.20 s"},
        {240 * PEL_NS_PER_SEC, "4 min"},
        {7200 * PEL_NS_PER_SEC, "2 h"},
    };

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        struct pel_buf out;

        pel_buf_init(&out);
        pel_text_add_duration(&out, cases[i].ns);
        assert_str(pel_str(out.p, out.len), cases[i].text);
        pel_buf_fini(&out);
    }
}

static void json_is_written_front_to_back(void **state)
{
    struct pel_buf out;
    struct pel_json j = {.out = &out};

    pel_buf_init(&out);
    pel_json_open(&j, NULL, '{');
    pel_json_str(&j, "a", PEL_STR("x\"\n"));
    pel_json_open(&j, "list", '[');
    pel_json_uint(&j, NULL, 1);
    pel_json_uint(&j, NULL, UINT64_MAX);
    pel_json_close(&j, ']');
    pel_json_open(&j, "empty", '{');
    pel_json_close(&j, '}');
    pel_json_seconds(&j, "s", 1500000000);
    pel_json_time(&j, "t", 1763825400123456789ULL);
    pel_json_bool(&j, "b", true);
    pel_json_hex(&j, "h", (const uint8_t *)"\x01\xfe", 2);
    pel_json_close(&j, '}');
    assert_str(
        pel_str(out.p, out.len),
        "{\"a\":\"x\\\"\\u000a\",\"list\":[1,18446744073709551615],\"empty\":{},"
        "\"s\":1.500000000,\"t\":\"2025-11-22T15:30:00.123456Z\",\"b\":true,\"h\":\"01fe\"}");
    pel_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_bytes_become_a_text_of_utf8),
        cmocka_unit_test(html_has_no_markup_of_clients),
        cmocka_unit_test(durations_are_readable),
        cmocka_unit_test(json_is_written_front_to_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
