#include <netinet/in.h>

#include "../probe/fixture.h"

#include "observer/guard.h"

static uint16_t check(const char *token, const char *bind, const char *authorization,
                      const char *host, enum pel_reach reach)
{
    struct pel_conf conf = fixture_conf();
    struct pel_http_parser *parser;
    struct pel_arena arena;
    struct pel_buf request;
    uint16_t refusal;
    size_t consumed;

    conf.admin_token = (char *)token;
    conf.admin_bind = (char *)bind;
    conf.http_max_header_size_bytes = conf.http_max_request_line_bytes = 4096;
    conf.http_max_headers = 10;
    pel_buf_init(&request);
    pel_buf_addf(&request, "GET / HTTP/1.%c\r\n", host ? '1' : '0');
    if (host)
        pel_buf_addf(&request, "Host: %s\r\n", host);
    if (authorization)
        pel_buf_addf(&request, "Authorization: %s\r\n", authorization);
    pel_buf_addf(&request, "\r\n");
    pel_arena_init(&arena);
    parser = pel_http_parser_new(&conf);
    pel_http_parser_start(parser, &arena);
    assert_int_equal(pel_http_parser_feed(parser, request.p, request.len, &consumed),
                     PEL_HTTP_HEAD);
    refusal = pel_guard_check(&conf, pel_http_parser_head(parser), reach);
    pel_http_parser_free(parser);
    pel_arena_reset(&arena);
    pel_buf_fini(&request);
    return refusal;
}

static void token_must_be_right(void **state)
{
    static const char bind[] = "127.0.0.1:9464";

    assert_int_equal(check("secret", bind, "Bearer secret", "x", PEL_REACH_LOOPBACK), 0);
    assert_int_equal(check("secret", bind, "bearer secret", "x", PEL_REACH_LOOPBACK), 0);
    assert_int_equal(check("secret", bind, NULL, "localhost", PEL_REACH_LOOPBACK), 401);
    assert_int_equal(check("secret", bind, "Bearer ", "localhost", PEL_REACH_LOOPBACK), 401);
    assert_int_equal(check("secret", bind, "Bearer secre", "localhost", PEL_REACH_LOOPBACK), 401);
    assert_int_equal(check("secret", bind, "Bearer secrets", "localhost", PEL_REACH_LOOPBACK), 401);
    assert_int_equal(check("secret", bind, "Bearer secretsecret", "localhost", PEL_REACH_LOOPBACK),
                     401);
    assert_int_equal(check("secret", bind, "Basic secret", "localhost", PEL_REACH_LOOPBACK), 401);
    assert_int_equal(check("secret", "unix:/a", NULL, "localhost", PEL_REACH_UNIX), 401);
}

static void without_token_host_must_be_ours(void **state)
{
    static const char bind[] = "box.example:9464";

    assert_int_equal(check("", bind, NULL, "localhost", PEL_REACH_LOOPBACK), 0);
    assert_int_equal(check("", bind, NULL, "localhost:9464", PEL_REACH_LOOPBACK), 0);
    assert_int_equal(check("", bind, NULL, "127.0.0.1:9464", PEL_REACH_LOOPBACK), 0);
    assert_int_equal(check("", bind, NULL, "[::1]:9464", PEL_REACH_LOOPBACK), 0);
    assert_int_equal(check("", bind, NULL, "box.example:9464", PEL_REACH_LOOPBACK), 0);
    assert_int_equal(check("", bind, NULL, "BOX.example", PEL_REACH_LOOPBACK), 0);
    assert_int_equal(check("", bind, NULL, NULL, PEL_REACH_LOOPBACK), 0);
    assert_int_equal(check("", bind, NULL, "evil.example:9464", PEL_REACH_LOOPBACK), 403);
    assert_int_equal(check("", bind, NULL, "127.0.0.1.evil.example", PEL_REACH_LOOPBACK), 403);
    assert_int_equal(check("", bind, NULL, "evil.example", PEL_REACH_UNIX), 0);
}

static void public_socket_needs_a_token(void **state)
{
    static const char bind[] = "127.0.0.1:9464";

    assert_int_equal(check("", bind, NULL, "127.0.0.1:9464", PEL_REACH_PUBLIC), 403);
    assert_int_equal(check("secret", bind, NULL, "127.0.0.1:9464", PEL_REACH_PUBLIC), 401);
    assert_int_equal(check("secret", bind, "Bearer secret", "x", PEL_REACH_PUBLIC), 0);
}

static void reach_of_an_address(void **state)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000102)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr path = {.sa_family = AF_UNIX};

    assert_int_equal(pel_guard_reach(&path), PEL_REACH_UNIX);
    assert_int_equal(pel_guard_reach((struct sockaddr *)&v4), PEL_REACH_LOOPBACK);
    assert_int_equal(pel_guard_reach((struct sockaddr *)&v6), PEL_REACH_LOOPBACK);
    v4.sin_addr.s_addr = INADDR_ANY;
    v6.sin6_addr = in6addr_any;
    assert_int_equal(pel_guard_reach((struct sockaddr *)&v4), PEL_REACH_PUBLIC);
    assert_int_equal(pel_guard_reach((struct sockaddr *)&v6), PEL_REACH_PUBLIC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token_must_be_right),
        cmocka_unit_test(without_token_host_must_be_ours),
        cmocka_unit_test(public_socket_needs_a_token),
        cmocka_unit_test(reach_of_an_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
