#include "fixture.h"

#include "probe/accesslog.h"

static char line[PEL_LOGFILE_LINE_MAX + 1];

static const char *text_of(const struct pel_record *rec)
{
    struct pel_accesslog al = {.written_ns = 0};
    size_t len = pel_accesslog_format_text(&al, line, rec);

    line[len] = '\0';
    return line;
}

static const char *json_of(const struct pel_record *rec)
{
    struct pel_accesslog al = {.written_ns = 0};
    size_t len = pel_accesslog_format_json(&al, line, rec, 3, 77);

    line[len] = '\0';
    return line;
}

static void text_is_combined_with_more_behind(void **state)
{
    struct pel_record rec = fixture_record(pel_now_ns());
    const char *text = text_of(&rec);

    assert_memory_equal(text, "192.0.2.7 - - [", 15);
    assert_non_null(strstr(text, "] \"GET /orders/17?full=1 HTTP/1.1\" 200 1000 "
                                 "\"https://shop.example/\" \"curl/7.88.1\" "
                                 "trace_id=abababababababababababababababab "
                                 "span_id=cdcdcdcdcdcdcdcd "
                                 "queue_ms=0.012 app_ms=2.400 total_ms=3.000\n"));
}

static void json_has_the_documented_fields(void **state)
{
    struct pel_record rec = fixture_record(pel_now_ns());
    const char *json = json_of(&rec);

    assert_memory_equal(json, "{\"time\":\"20", 11);
    assert_non_null(strstr(
        json, "Z\",\"client\":\"192.0.2.7\",\"method\":\"GET\",\"path\":\"/orders/17\","
              "\"query\":\"full=1\",\"protocol\":\"HTTP/1.1\",\"status\":200,\"body_bytes\":1000,"
              "\"bytes_in\":300,\"bytes_out\":1200,\"host\":\"shop.example:8000\","
              "\"referer\":\"https://shop.example/\",\"user_agent\":\"curl/7.88.1\","
              "\"route\":\"/orders/{id}\",\"trace_id\":\"abababababababababababababababab\","
              "\"span_id\":\"cdcdcdcdcdcdcdcd\",\"body_ms\":0.088,\"queue_ms\":0.012,"
              "\"ttfb_ms\":2.000,\"app_ms\":2.400,\"write_ms\":0.500,\"total_ms\":3.000,\"worker\":"
              "3,\"pid\":77}\n"));
}

static void cpu_time_is_there_when_it_is_known(void **state)
{
    struct pel_record rec = fixture_record(pel_now_ns());

    rec.spent.cpu_ns = 1100000;
    assert_non_null(strstr(text_of(&rec), " total_ms=3.000 cpu_ms=1.100\n"));
    assert_non_null(strstr(json_of(&rec), "\"total_ms\":3.000,\"cpu_ms\":1.100,\"worker\""));
    rec.spent.cpu_slack_ns = rec.spent.cpu_ns;
    assert_null(strstr(text_of(&rec), "cpu_ms"));
    assert_null(strstr(json_of(&rec), "cpu_ms"));
}

static void gil_wait_is_there_when_there_was_any(void **state)
{
    struct pel_record rec = fixture_record(pel_now_ns());

    rec.spent.gil_wait_ns = 1250000;
    assert_non_null(strstr(json_of(&rec), "\"total_ms\":3.000,\"gil_wait_ms\":1.250,\"worker\""));
}

static void refused_request_has_dashes(void **state)
{
    struct pel_record rec = {.error = PEL_ERROR_BAD_REQUEST, .status = 400, .version_minor = 1};

    assert_non_null(strstr(text_of(&rec), "- - - ["));
    assert_non_null(strstr(text_of(&rec), "] \"-\" 400 0 \"-\" \"-\" trace_id=0000"));
    assert_non_null(strstr(text_of(&rec), " error=bad_request\n"));
    assert_non_null(strstr(json_of(&rec), "\"error\":\"bad_request\",\"worker\""));
}

static void assert_one_line(const char *text)
{
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void client_cannot_end_a_line(void **state)
{
    struct pel_record rec = fixture_record(pel_now_ns());

    rec.user_agent = PEL_STR("x\" 200 0\n10.0.0.1 - - [");
    rec.path = PEL_STR("/a\r\nb\"");
    rec.referer = PEL_STR("\xe2\x80\xa8\x85\xff");
    assert_one_line(text_of(&rec));
    assert_non_null(strstr(line, "\"GET /a\\x0d\\x0ab\\x22?full=1 HTTP/1.1\""));
    assert_non_null(strstr(line, "\"x\\x22 200 0\\x0a10.0.0.1 - - [\""));
    assert_one_line(json_of(&rec));
    assert_non_null(strstr(line, "\"referer\":\"\\u2028\\u0085\\u00ff\""));
}

static void longest_line_fits(void **state)
{
    static char junk[20000];
    struct pel_record rec = fixture_record(pel_now_ns());
    struct pel_str s = pel_str(junk, sizeof(junk));

    memset(junk, 0x01, sizeof(junk));
    rec.method = rec.path = rec.query = rec.host = rec.client = rec.user_agent = rec.referer = s;
    rec.route = rec.exc_type = s;
    rec.error = PEL_ERROR_CLIENT_GONE;
    rec.bytes_in = rec.bytes_out = rec.body_out = UINT64_MAX;
    for (size_t i = 0; i < PEL_REQUEST_PHASE_N; i++)
        rec.phase_ns[i] = UINT64_MAX;
    rec.proxy_ns = rec.accept_ns = rec.spent.gil_wait_ns = rec.spent.cpu_ns = UINT64_MAX;
    assert_between(strlen(text_of(&rec)), 2000, PEL_LOGFILE_LINE_MAX);
    assert_between(strlen(json_of(&rec)), 2000, PEL_LOGFILE_LINE_MAX);
}

static void clock_follows_the_seconds(void **state)
{
    struct pel_accesslog al = {.written_ns = 0};
    struct pel_record rec = fixture_record(pel_now_ns());
    char first[24];

    pel_accesslog_format_json(&al, line, &rec, 0, 1);
    memcpy(first, al.utc_text, sizeof(first));
    rec.stamp_ns[PEL_STAMP_LAST_BYTE] += PEL_NS_PER_SEC;
    pel_accesslog_format_json(&al, line, &rec, 0, 1);
    assert_string_not_equal(first, al.utc_text);
    assert_memory_equal(line + 9, al.utc_text, strlen(al.utc_text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_combined_with_more_behind),
        cmocka_unit_test(json_has_the_documented_fields),
        cmocka_unit_test(cpu_time_is_there_when_it_is_known),
        cmocka_unit_test(gil_wait_is_there_when_there_was_any),
        cmocka_unit_test(refused_request_has_dashes),
        cmocka_unit_test(client_cannot_end_a_line),
        cmocka_unit_test(longest_line_fits),
        cmocka_unit_test(clock_follows_the_seconds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
