#include "../check.h"
#include "transcript.h"

/* Small, so that every split of what reaches them can be tried. */
static struct pel_conf conf = {
    .http_max_header_size_bytes = 200,
    .http_max_headers = 4,
    .http_max_request_line_bytes = 64,
    .http_max_body_size_bytes = 20,
};

static struct pel_buf bytes;

static int set_up(void **state)
{
    pel_buf_init(&bytes);
    return 0;
}

static int tear_down(void **state)
{
    pel_buf_fini(&bytes);
    return 0;
}

static void add(const char *text)
{
    pel_buf_add(&bytes, text, strlen(text));
}

static void add_many(char c, size_t n)
{
    memset(pel_buf_reserve(&bytes, n), c, n);
    bytes.len += n;
}

/* The last line of the transcript of bytes, split at. */
static int status_of(size_t split)
{
    struct transcript t;
    const char *reason;
    int status = 0;

    transcript_init(&t, &conf);
    transcript_feed(&t, bytes.p, split);
    transcript_feed(&t, bytes.p + split, bytes.len - split);
    if (t.is_over)
        status = pel_http_parser_error(t.parser, &reason);
    transcript_fini(&t);
    return status;
}

static void assert_status(int want)
{
    size_t step = bytes.len > 1000 ? 97 : 1;

    for (size_t i = 0; i <= bytes.len; i += step)
        assert_int_equal(status_of(i), want);
    pel_buf_clear(&bytes);
}

static void test_request_line(void **state)
{
    add("GET /");
    add_many('a', 64 - 14);
    add(" HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_status(0);
    add("GET /");
    add_many('a', 65 - 14);
    add(" HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_status(414);
    add("GET /");
    add_many('a', 100);
    assert_status(414);
    add_many('A', 64);
    add(" / HTTP/1.1");
    assert_status(414);
    add_many('A', 65);
    assert_status(501);
}

static void test_head_size(void **state)
{
    static const char start[] = "GET / HTTP/1.1\r\nHost: a\r\nX: ";

    add(start);
    add_many('x', 200 - sizeof(start) + 1 - 4);
    add("\r\n\r\n");
    assert_status(0);
    add(start);
    add_many('x', 201 - sizeof(start) + 1 - 4);
    add("\r\n\r\n");
    assert_status(431);
    add("GET / HTTP/1.1\r\n");
    add_many('x', 300);
    assert_status(431);
}

static void test_number_of_fields(void **state)
{
    add("GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB:\r\nC:\r\n\r\n");
    assert_status(0);
    add("GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB:\r\nC:\r\nD:\r\n\r\n");
    assert_status(431);
    /* those that are dropped count too */
    add("GET / HTTP/1.1\r\nHost: a\r\nA_:\r\nB_:\r\nC_:\r\nD_:\r\n\r\n");
    assert_status(431);
}

static void test_body(void **state)
{
    add("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n");
    add_many('b', 20);
    assert_status(0);
    add("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 21\r\n\r\n");
    add_many('b', 21);
    assert_status(413);
}

#define CHUNKED "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

static void test_chunked_body(void **state)
{
    add(CHUNKED "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n");
    assert_status(0);
    add(CHUNKED "a\r\n0123456789\r\nb\r\n0123456789a\r\n0\r\n\r\n");
    assert_status(413);
    add(CHUNKED "15\r\n");
    assert_status(413);
}

static void test_trailers(void **state)
{
    add(CHUNKED "0\r\nX: ");
    add_many('x', 200 - 7);
    add("\r\n\r\n");
    assert_status(0);
    add(CHUNKED "0\r\nX: ");
    add_many('x', 201 - 7);
    add("\r\n\r\n");
    assert_status(431);
    add(CHUNKED "0\r\nA:\r\nB:\r\nC:\r\nD:\r\nE:\r\n\r\n");
    assert_status(431);
}

/* Framing that carries no data cannot go on for ever. */
static void test_chunk_framing(void **state)
{
    add(CHUNKED "1;");
    add_many('a', 16000);
    add("\r\nx\r\n0\r\n\r\n");
    assert_status(0);
    add(CHUNKED "1;");
    add_many('a', 17000);
    add("\r\nx\r\n0\r\n\r\n");
    assert_status(400);
    add(CHUNKED);
    add_many('0', 17000);
    add("1\r\nx\r\n0\r\n\r\n");
    assert_status(400);
    add(CHUNKED);
    for (int i = 0; i < 9; i++) {
        add("1;");
        add_many('a', 2000);
        add("\r\nx\r\n");
    }
    add("0\r\n\r\n");
    assert_status(400);
    add(CHUNKED);
    for (int i = 0; i < 20; i++)
        add("1;abcdef\r\nx\r\n");
    add("0\r\n\r\n");
    assert_status(0);
}

static void test_empty_lines(void **state)
{
    for (int i = 0; i < 32; i++)
        add("\r\n");
    add("GET / HTTP/1.0\r\n\r\n");
    assert_status(0);
    for (int i = 0; i < 33; i++)
        add("\r\n");
    assert_status(400);
}

static void test_is_started(void **state)
{
    struct transcript t;

    transcript_init(&t, &conf);
    assert_false(pel_http_parser_is_started(t.parser));
    transcript_feed(&t, "\r\n\r", 3);
    assert_false(pel_http_parser_is_started(t.parser));
    transcript_feed(&t, "\nG", 2);
    assert_true(pel_http_parser_is_started(t.parser));
    transcript_feed(&t, "ET / HTTP/1.0\r\n\r\n", 17);
    assert_false(pel_http_parser_is_started(t.parser));
    transcript_fini(&t);
}

/* A head beyond the first allocation, in pieces, with more fields than the first table holds. */
static void test_growth(void **state)
{
    struct pel_conf large = {
        .http_max_header_size_bytes = 1 << 20,
        .http_max_headers = 1000,
        .http_max_request_line_bytes = 8192,
    };
    const struct pel_head *head = NULL;
    struct pel_http_parser *p = pel_http_parser_new(&large);
    struct pel_arena arena;
    size_t used;

    add("GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 500; i++)
        pel_buf_addf(&bytes, "X-Field-%d: value %d\r\n", i, i);
    add("\r\n");
    pel_arena_init(&arena);
    pel_http_parser_start(p, &arena);
    for (size_t i = 0; i < bytes.len; i += 7) {
        size_t len = bytes.len - i < 7 ? bytes.len - i : 7;

        if (pel_http_parser_feed(p, bytes.p + i, len, &used) == PEL_HTTP_HEAD)
            head = pel_http_parser_head(p);
    }
    assert_non_null(head);
    assert_int_equal(head->n_headers, 501);
    assert_true(pel_str_eq(head->headers[500].name, PEL_STR("x-field-499")));
    assert_true(pel_str_eq(head->headers[500].value, PEL_STR("value 499")));
    pel_http_parser_free(p);
    pel_arena_reset(&arena);
    pel_buf_clear(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_line),     cmocka_unit_test(test_head_size),
        cmocka_unit_test(test_number_of_fields), cmocka_unit_test(test_body),
        cmocka_unit_test(test_chunked_body),     cmocka_unit_test(test_trailers),
        cmocka_unit_test(test_chunk_framing),    cmocka_unit_test(test_empty_lines),
        cmocka_unit_test(test_is_started),       cmocka_unit_test(test_growth),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
