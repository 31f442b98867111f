#include "../check.h"
#include "fixture.h"

#define FIELDS_MAX 6

static struct fixture fixture;

static int set_up(void **state)
{
    fixture_init(&fixture, NULL, NULL);
    fixture.conf.http_date_header = false;
    free(fixture.conf.http_server_header);
    fixture.conf.http_server_header = strdup("");
    return 0;
}

static int tear_down(void **state)
{
    fixture_fini(&fixture);
    return 0;
}

struct example {
    const char *name, *line, *fields; /* of the request */
    int status;
    struct pel_field response[FIELDS_MAX];
    int64_t body_len;
    const char *want; /* without the status line */
    enum pel_framing framing;
    int64_t content_length;
    bool keep_alive;
};

#define GET11 "GET / HTTP/1.1", "Host: a\r\n"
#define HEAD11 "HEAD / HTTP/1.1", "Host: a\r\n"
#define GET10 "GET / HTTP/1.0", ""
#define KEEP10 "GET / HTTP/1.0", "Connection: keep-alive\r\n"
#define CLOSE11 "GET / HTTP/1.1", "Host: a\r\nConnection: close\r\n"
#define NO_FIELDS                                                                                  \
    {                                                                                              \
        {                                                                                          \
            {NULL, 0},                                                                             \
            {                                                                                      \
                NULL, 0                                                                            \
            }                                                                                      \
        }                                                                                          \
    }
#define F(name, value)                                                                             \
    {                                                                                              \
        PEL_STR(name), PEL_STR(value)                                                              \
    }
#define LENGTH PEL_FRAMING_LENGTH
#define CHUNKED PEL_FRAMING_CHUNKED
#define CLOSE PEL_FRAMING_CLOSE
#define NONE PEL_FRAMING_NONE
#define TYPE F("Content-Type", "a/b")

static const struct example examples[] = {
    /* how the end of the body is known: RFC 9112 6.3, 7 */
    {"length known",
     GET11,
     200,
     {TYPE},
     5,
     "Content-Type: a/b\r\nContent-Length: 5\r\n\r\n",
     LENGTH,
     5,
     true},
    {"length zero", GET11, 200, NO_FIELDS, 0, "Content-Length: 0\r\n\r\n", LENGTH, 0, true},
    {"length declared",
     GET11,
     200,
     {F("content-length", " 007 "), TYPE},
     -1,
     "Content-Type: a/b\r\nContent-Length: 7\r\n\r\n",
     LENGTH,
     7,
     true},
    {"declared beats known",
     GET11,
     200,
     {F("Content-Length", "7")},
     5,
     "Content-Length: 7\r\n\r\n",
     LENGTH,
     7,
     true},
    {"chunked", GET11, 200, NO_FIELDS, -1, "Transfer-Encoding: chunked\r\n\r\n", CHUNKED, -1, true},
    {"error with body", GET11, 500, NO_FIELDS, 3, "Content-Length: 3\r\n\r\n", LENGTH, 3, true},
    {"not chunked for 1.0", GET10, 200, NO_FIELDS, -1, "Connection: close\r\n\r\n", CLOSE, -1,
     false},
    {"nor with keep-alive", KEEP10, 200, NO_FIELDS, -1, "Connection: close\r\n\r\n", CLOSE, -1,
     false},
    /* no content: RFC 9110 6.4.1, 8.6, 15.3.5, 15.3.6, 15.4.5 */
    {"HEAD, length declared",
     HEAD11,
     200,
     {F("Content-Length", "7")},
     0,
     "Content-Length: 7\r\n\r\n",
     NONE,
     7,
     true},
    {"HEAD, body left out", HEAD11, 200, NO_FIELDS, 0, "\r\n", NONE, -1, true},
    {"HEAD, body given", HEAD11, 200, NO_FIELDS, 5, "Content-Length: 5\r\n\r\n", NONE, -1, true},
    {"HEAD, stream", HEAD11, 200, NO_FIELDS, -1, "\r\n", NONE, -1, true},
    {"HEAD in 1.0", "HEAD / HTTP/1.0", "Connection: keep-alive\r\n", 200, NO_FIELDS, -1,
     "Connection: keep-alive\r\n\r\n", NONE, -1, true},
    {"204", GET11, 204, {F("Content-Length", "7")}, 5, "\r\n", NONE, 7, true},
    {"204 stream", GET11, 204, NO_FIELDS, -1, "\r\n", NONE, -1, true},
    {"205", GET11, 205, NO_FIELDS, 5, "Content-Length: 0\r\n\r\n", NONE, -1, true},
    {"304", GET11, 304, NO_FIELDS, 0, "\r\n", NONE, -1, true},
    {"304 of a known length",
     GET11,
     304,
     {F("Content-Length", "7"), F("ETag", "\"x\"")},
     0,
     "ETag: \"x\"\r\nContent-Length: 7\r\n\r\n",
     NONE,
     7,
     true},
    {"304 in 1.0", KEEP10, 304, NO_FIELDS, -1, "Connection: keep-alive\r\n\r\n", NONE, -1, true},
    /* persistence: RFC 9112 9.3 */
    {"1.0", GET10, 200, NO_FIELDS, 1, "Content-Length: 1\r\nConnection: close\r\n\r\n", LENGTH, 1,
     false},
    {"1.0 keep-alive", KEEP10, 200, NO_FIELDS, 1,
     "Content-Length: 1\r\nConnection: keep-alive\r\n\r\n", LENGTH, 1, true},
    {"client closes", CLOSE11, 200, NO_FIELDS, 1, "Content-Length: 1\r\nConnection: close\r\n\r\n",
     LENGTH, 1, false},
    {"app closes",
     GET11,
     200,
     {F("connection", "Foo, Close")},
     1,
     "Content-Length: 1\r\nConnection: close\r\n\r\n",
     LENGTH,
     1,
     false},
    {"app cannot keep",
     CLOSE11,
     200,
     {F("Connection", "keep-alive")},
     1,
     "Content-Length: 1\r\nConnection: close\r\n\r\n",
     LENGTH,
     1,
     false},
    /* hop-by-hop: RFC 9110 7.6.1, PEP 3333 */
    {"hop-by-hop fields are dropped",
     GET11,
     200,
     {F("Connection", "upgrade, x"), F("Keep-Alive", "timeout=5"), F("Transfer-Encoding", "gzip"),
      F("Upgrade", "h2c"), F("Proxy-Connection", "close"), F("TE", "x")},
     1,
     "Content-Length: 1\r\n\r\n",
     LENGTH,
     1,
     true},
    {"an app's chunked is ours",
     GET11,
     200,
     {F("Transfer-Encoding", "chunked")},
     -1,
     "Transfer-Encoding: chunked\r\n\r\n",
     CHUNKED,
     -1,
     true},
    {"426 needs Upgrade",
     GET11,
     426,
     {F("Upgrade", "x")},
     0,
     "Upgrade: x\r\nContent-Length: 0\r\nConnection: upgrade\r\n\r\n",
     LENGTH,
     0,
     true},
    {"426 and close",
     CLOSE11,
     426,
     {F("Upgrade", "x")},
     0,
     "Upgrade: x\r\nContent-Length: 0\r\nConnection: close, upgrade\r\n\r\n",
     LENGTH,
     0,
     false},
    /* fields as they are */
    {"order and repetition",
     GET11,
     200,
     {F("Set-Cookie", "a=1"), F("X", ""), F("set-cookie", " b=2\t"), F("X", "\xe9\t!")},
     0,
     "Set-Cookie: a=1\r\nX: \r\nset-cookie: b=2\r\nX: \xe9\t!\r\nContent-Length: 0\r\n\r\n",
     LENGTH,
     0,
     true},
    {"names that are nearly known",
     GET11,
     200,
     {F("Content_Length", "9"), F("Connections", "close"), F("Dates", "1")},
     0,
     "Content_Length: 9\r\nConnections: close\r\nDates: 1\r\nContent-Length: 0\r\n\r\n",
     LENGTH,
     0,
     true},
};

static size_t count_fields(const struct pel_field *fields)
{
    size_t n = 0;

    while (n < FIELDS_MAX && fields[n].name.p)
        n++;
    return n;
}

static void assert_text(const char *what, const struct pel_buf *got, const char *want)
{
    if (!pel_str_eq(pel_str(got->p, got->len), pel_str(want, strlen(want))))
        fail_msg("%s:\n%.*s\nwanted:\n%s", what, (int)got->len, got->p, want);
}

static void check(const struct example *e)
{
    struct pel_response res;
    struct pel_buf out, want;

    pel_buf_init(&out);
    pel_buf_init(&want);
    pel_buf_addf(&want, "HTTP/1.1 %d %s\r\n%s", e->status, pel_status_reason((uint16_t)e->status),
                 e->want);
    fixture_head(&fixture, e->line, e->fields);
    assert_int_equal(pel_response_head(&res, &out, &fixture.conf, fixture.head, (uint16_t)e->status,
                                       PEL_STR(""), e->response, count_fields(e->response),
                                       e->body_len, true, NULL),
                     0);
    assert_text(e->name, &out, want.p);
    assert_int_equal(res.status, e->status);
    assert_int_equal(res.framing, e->framing);
    assert_int_equal(res.content_length, e->content_length);
    assert_int_equal(res.keep_alive, e->keep_alive);
    pel_buf_fini(&out);
    pel_buf_fini(&want);
}

static void test_heads(void **state)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(examples); i++)
        check(&examples[i]);
}

static int write_head(struct pel_buf *out, int status, struct pel_str reason,
                      const struct pel_field *fields, bool keep_alive, struct pel_err *err)
{
    struct pel_response res;

    fixture_head(&fixture, GET11);
    return pel_response_head(&res, out, &fixture.conf, fixture.head, (uint16_t)status, reason,
                             fields, count_fields(fields), 0, keep_alive, err);
}

static void test_worker_closes(void **state)
{
    struct pel_buf out;

    pel_buf_init(&out);
    assert_int_equal(
        write_head(&out, 200, PEL_STR(""), (struct pel_field[FIELDS_MAX])NO_FIELDS, false, NULL),
        0);
    assert_text("close", &out, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    pel_buf_fini(&out);
}

static void test_reasons(void **state)
{
    static const struct {
        int status;
        const char *reason, *want;
    } cases[] = {
        {200, "Fine", "HTTP/1.1 200 Fine\r\n"},
        {200, "", "HTTP/1.1 200 OK\r\n"},
        {299, "", "HTTP/1.1 299 \r\n"},
        {999, "\xe9t\xe9", "HTTP/1.1 999 \xe9t\xe9\r\n"},
    };
    const struct pel_field none[FIELDS_MAX] = NO_FIELDS;
    struct pel_buf out;

    pel_buf_init(&out);
    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        struct pel_str reason = pel_str(cases[i].reason, strlen(cases[i].reason));

        pel_buf_clear(&out);
        assert_int_equal(write_head(&out, cases[i].status, reason, none, true, NULL), 0);
        assert_memory_equal(out.p, cases[i].want, strlen(cases[i].want));
    }
    pel_buf_fini(&out);
}

/* What an app must not say; nothing is written then. */
static void test_refused(void **state)
{
    static const struct {
        int status;
        struct pel_str reason;
        struct pel_field fields[FIELDS_MAX];
    } cases[] = {
        {0, {"", 0}, NO_FIELDS},
        {99, {"", 0}, NO_FIELDS},
        {100, {"", 0}, NO_FIELDS},
        {101, {"", 0}, NO_FIELDS},
        {103, {"", 0}, NO_FIELDS},
        {199, {"", 0}, NO_FIELDS},
        {1000, {"", 0}, NO_FIELDS},
        {200, {"O\rK", 3}, NO_FIELDS},
        {200, {"OK\r\nX: y", 8}, NO_FIELDS},
        {200, {"O\0K", 3}, NO_FIELDS},
        {200, {"", 0}, {{{"", 0}, {"v", 1}}}},
        {200, {"", 0}, {F("a b", "v")}},
        {200, {"", 0}, {F("a:", "v")}},
        {200, {"", 0}, {F("a\r\nb", "v")}},
        {200, {"", 0}, {F("a\0", "v")}},
        {200, {"", 0}, {F("\xe9", "v")}},
        {200, {"", 0}, {F("good", "v"), F("a", "v\r\nb: c")}},
        {200, {"", 0}, {F("a", "v\n")}},
        {200, {"", 0}, {F("a", "\rv")}},
        {200, {"", 0}, {F("a", "v\0v")}},
        {200, {"", 0}, {F("a", "long enough for eight at once\x01")}},
        {200, {"", 0}, {F("a", "tab\tbehind eight, then \x7f is found")}},
        {200, {"", 0}, {F("Connection", "close\r\n")}},
        {200, {"", 0}, {F("Content-Length", "")}},
        {200, {"", 0}, {F("Content-Length", "-1")}},
        {200, {"", 0}, {F("Content-Length", "+1")}},
        {200, {"", 0}, {F("Content-Length", "1, 1")}},
        {200, {"", 0}, {F("Content-Length", "1 1")}},
        {200, {"", 0}, {F("Content-Length", "0x1")}},
        {200, {"", 0}, {F("Content-Length", "9223372036854775808")}},
        {200, {"", 0}, {F("Content-Length", "1"), F("content-length", "1")}},
        {204, {"", 0}, {F("Content-Length", "x")}},
    };
    struct pel_buf out;

    pel_buf_init(&out);
    pel_buf_add(&out, "before", 6);
    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        struct pel_err err = {""};

        assert_int_equal(
            write_head(&out, cases[i].status, cases[i].reason, cases[i].fields, true, &err), -1);
        assert_true(err.text[0]);
        assert_text("refused", &out, "before");
    }
    pel_buf_fini(&out);
}

static void test_date_and_server(void **state)
{
    struct pel_conf *conf = &fixture.conf;
    char *no_server = conf->http_server_header;
    char server[] = "pel";
    struct pel_buf out;

    pel_buf_init(&out);
    conf->http_date_header = true;
    conf->http_server_header = server;
    assert_int_equal(
        write_head(&out, 200, PEL_STR(""), (struct pel_field[FIELDS_MAX])NO_FIELDS, true, NULL), 0);
    assert_int_equal(out.len, strlen("HTTP/1.1 200 OK\r\n"
                                     "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                     "Server: pel\r\nContent-Length: 0\r\n\r\n"));
    pel_buf_clear(&out);
    assert_int_equal(write_head(&out, 200, PEL_STR(""),
                                (struct pel_field[FIELDS_MAX]){F("date", "D"), F("SERVER", "S")},
                                true, NULL),
                     0);
    assert_text("the app's own", &out,
                "HTTP/1.1 200 OK\r\ndate: D\r\nSERVER: S\r\nContent-Length: 0\r\n\r\n");
    conf->http_date_header = false;
    conf->http_server_header = no_server;
    pel_buf_fini(&out);
}

static void test_simple(void **state)
{
    struct pel_buf out;

    pel_buf_init(&out);
    assert_int_equal(pel_response_simple(&out, &fixture.conf, 400, false), 12);
    assert_int_equal(pel_response_simple(&out, &fixture.conf, 431, true), 0);
    assert_text("simple", &out,
                "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n"
                "Connection: close\r\n\r\nBad Request\n"
                "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: text/plain\r\n"
                "Content-Length: 32\r\nConnection: close\r\n\r\n");
    pel_buf_fini(&out);
}

static void test_field_that_comes_late(void **state)
{
    const struct pel_field field = F("Server-Timing", "app;dur=1.204");
    struct pel_buf out;

    pel_buf_init(&out);
    pel_response_simple(&out, &fixture.conf, 431, true);
    pel_response_add(&out, &field);
    assert_text("late", &out,
                "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: text/plain\r\n"
                "Content-Length: 32\r\nConnection: close\r\nServer-Timing: app;dur=1.204\r\n"
                "\r\n");
    pel_buf_fini(&out);
}

static void test_interim(void **state)
{
    const struct pel_field fields[] = {F("Link", "</a>; rel=preload"), F("Content-Length", "5"),
                                       F("Connection", "close"), F("Transfer-Encoding", "chunked")};
    const struct pel_field bad[] = {F("Link", "a\r\nb")};
    struct pel_buf out;
    struct pel_err err;

    pel_buf_init(&out);
    assert_int_equal(pel_response_interim(&out, 100, NULL, 0, NULL), 0);
    assert_int_equal(pel_response_interim(&out, 103, fields, PEL_ARRAY_LEN(fields), NULL), 0);
    assert_int_equal(pel_response_interim(&out, 103, bad, 1, &err), -1);
    assert_int_equal(pel_response_interim(&out, 101, NULL, 0, &err), -1);
    assert_int_equal(pel_response_interim(&out, 200, NULL, 0, &err), -1);
    assert_int_equal(pel_response_interim(&out, 99, NULL, 0, &err), -1);
    assert_text("interim", &out,
                "HTTP/1.1 100 Continue\r\n\r\n"
                "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n");
    pel_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads),           cmocka_unit_test(test_worker_closes),
        cmocka_unit_test(test_reasons),         cmocka_unit_test(test_refused),
        cmocka_unit_test(test_date_and_server), cmocka_unit_test(test_simple),
        cmocka_unit_test(test_interim),         cmocka_unit_test(test_field_that_comes_late),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
