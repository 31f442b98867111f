#include "../check.h"
#include "fixture.h"

/* Requests from 10.0.0.1:1234, of which 10.0.0.0/8, fd00::/8 and unix sockets are trusted. */
static const char *const proxies[] = {"10.0.0.0/8", "fd00::/8", "unix", NULL};

struct example {
    const char *fields;
    const char *client;
    int port;
    const char *scheme, *host, *prefix;
};

static const struct example examples[] = {
    {"", "10.0.0.1", 1234, "http", "a", ""},
    /* X-Forwarded-For, from the right */
    {"X-Forwarded-For: 1.2.3.4\r\n", "1.2.3.4", 0, "http", "a", ""},
    {"X-Forwarded-For: 1.2.3.4:80\r\n", "1.2.3.4", 80, "http", "a", ""},
    {"X-Forwarded-For: 6.6.6.6, 1.2.3.4\r\n", "1.2.3.4", 0, "http", "a", ""},
    {"X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.1.1.1,\r\n", "1.2.3.4", 0, "http", "a", ""},
    {"X-Forwarded-For: 6.6.6.6, 1.2.3.4\r\nX-Forwarded-For: 10.1.1.1,fd00::7\r\n", "1.2.3.4", 0,
     "http", "a", ""},
    {"X-Forwarded-For: 10.3.3.3, 10.2.2.2\r\n", "10.3.3.3", 0, "http", "a", ""},
    {"X-Forwarded-For: 2001:db8::1\r\n", "2001:db8::1", 0, "http", "a", ""},
    {"X-Forwarded-For: [2001:db8::1]:443\r\n", "2001:db8::1", 443, "http", "a", ""},
    {"X-Forwarded-For: unknown\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"X-Forwarded-For: 1.2.3.4, unknown, 10.9.9.9\r\n", "10.9.9.9", 0, "http", "a", ""},
    {"X-Forwarded-For: 1.2.3.4.5\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"X-Forwarded-For: 1.2.3.4 5.6.7.8\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"X-Forwarded-For: localhost\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"X-Forwarded-For: <script>\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"X-Forwarded-For: [1.2.3.4]\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"X-Forwarded-For: [::1\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"X-Forwarded-For: [::1]x\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"X-Forwarded-For:\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"X_Forwarded_For: 1.2.3.4\r\n", "10.0.0.1", 1234, "http", "a", ""},
    /* scheme, host, port */
    {"X-Forwarded-Proto: https\r\n", "10.0.0.1", 1234, "https", "a", ""},
    {"X-Forwarded-Proto: HTTPS, http\r\n", "10.0.0.1", 1234, "https", "a", ""},
    {"X-Forwarded-Proto: wss\r\n", "10.0.0.1", 1234, "https", "a", ""},
    {"X-Forwarded-Proto: ws\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"X-Forwarded-Proto: gopher\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"X-Forwarded-Host: shop.test\r\n", "10.0.0.1", 1234, "http", "shop.test", ""},
    {"X-Forwarded-Host: shop.test:81, b\r\n", "10.0.0.1", 1234, "http", "shop.test:81", ""},
    {"X-Forwarded-Host: a/b\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"X-Forwarded-Host: u@b\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"X-Forwarded-Port: 8443\r\n", "10.0.0.1", 1234, "http", "a:8443", ""},
    {"X-Forwarded-Port: 443\r\nX-Forwarded-Proto: https\r\n", "10.0.0.1", 1234, "https", "a", ""},
    {"X-Forwarded-Port: 80\r\nX-Forwarded-Proto: https\r\n", "10.0.0.1", 1234, "https", "a:80", ""},
    {"X-Forwarded-Port: 81\r\nX-Forwarded-Host: b:82\r\n", "10.0.0.1", 1234, "http", "b:82", ""},
    {"X-Forwarded-Port: 81\r\nX-Forwarded-Host: [::1]\r\n", "10.0.0.1", 1234, "http", "[::1]:81",
     ""},
    {"X-Forwarded-Port: 65536\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"X-Forwarded-Port: +1\r\n", "10.0.0.1", 1234, "http", "a", ""},
    /* prefix */
    {"X-Forwarded-Prefix: /shop\r\n", "10.0.0.1", 1234, "http", "a", "/shop"},
    {"X-Forwarded-Prefix: /shop/eu/\r\n", "10.0.0.1", 1234, "http", "a", "/shop/eu"},
    {"X-Forwarded-Prefix: /\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"X-Forwarded-Prefix: shop\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"X-Forwarded-Prefix: //evil.test\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"X-Forwarded-Prefix: /a//\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"X-Forwarded-Prefix: /../a\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"X-Forwarded-Prefix: /a/.\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"X-Forwarded-Prefix: /a%2e\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"X-Forwarded-Prefix: /a?b\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"X-Forwarded-Prefix: /a b\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"X-Forwarded-Prefix: /a\\b\r\n", "10.0.0.1", 1234, "http", "a", ""},
    /* Forwarded, RFC 7239 4 */
    {"Forwarded: for=1.2.3.4\r\n", "1.2.3.4", 0, "http", "a", ""},
    {"Forwarded: FOR=\"1.2.3.4:80\";Proto=https;by=203.0.113.43;host=\"b:81\"\r\n", "1.2.3.4", 80,
     "https", "b:81", ""},
    {"Forwarded: for=1.2.3.4 ; proto=https\r\n", "1.2.3.4", 0, "https", "a", ""},
    {"Forwarded: for=\"[2001:db8:cafe::17]:4711\"\r\n", "2001:db8:cafe::17", 4711, "http", "a", ""},
    {"Forwarded: for=\"1.\\2.3.4\"\r\n", "1.2.3.4", 0, "http", "a", ""},
    {"Forwarded: for=\"1.2.3.4:_port\"\r\n", "1.2.3.4", 0, "http", "a", ""},
    {"Forwarded: for=6.6.6.6;proto=https, for=1.2.3.4;host=b, for=10.2.2.2;host=c\r\n", "1.2.3.4",
     0, "http", "b", ""},
    {"Forwarded: for=6.6.6.6\r\nForwarded: for=1.2.3.4;proto=https, for=10.2.2.2;host=c\r\n",
     "1.2.3.4", 0, "https", "c", ""},
    {"Forwarded: for=6.6.6.6, by=x, for=10.2.2.2\r\n", "10.2.2.2", 0, "http", "a", ""},
    {"Forwarded: ,for=1.2.3.4,,;\r\n", "1.2.3.4", 0, "http", "a", ""},
    {"Forwarded: for=_hidden;proto=https\r\n", "10.0.0.1", 1234, "https", "a", ""},
    {"Forwarded: for=unknown\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"Forwarded: for=1.2.3.4;ext=\"x,y;z\\\"\"\r\n", "1.2.3.4", 0, "http", "a", ""},
    {"Forwarded: for=1.2.3.4;proto=gopher;host=\"a b\"\r\n", "1.2.3.4", 0, "http", "a", ""},
    {"Forwarded: for=1.2.3.4\r\nX-Forwarded-For: 5.6.7.8\r\nX-Forwarded-Proto: https\r\n",
     "5.6.7.8", 0, "https", "a", ""},
    {"Forwarded: for=1.2.3.4\r\nX-Forwarded-Proto: https\r\n", "1.2.3.4", 0, "http", "a", ""},
    {"Forwarded: for=1.2.3.4\r\nX-Forwarded-Prefix: /p\r\n", "1.2.3.4", 0, "http", "a", "/p"},
    /* malformed: as if it were not there */
    {"Forwarded: for=1.2.3.4;for=5.6.7.8\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"Forwarded: for=2001:db8::1\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"Forwarded: for=\"1.2.3.4\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"Forwarded: for=\"1.2.3.4\\\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"Forwarded: for =1.2.3.4\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"Forwarded: for= 1.2.3.4\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"Forwarded: for=\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"Forwarded: for\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"Forwarded: 1.2.3.4\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"Forwarded: for=1.2.3.4 for=1.2.3.4\r\n", "10.0.0.1", 1234, "http", "a", ""},
    {"Forwarded: for=\"\r\nX-Forwarded-For: 5.6.7.8\r\n", "5.6.7.8", 0, "http", "a", ""},
};

static void assert_is(const char *what, const char *fields, struct pel_str got, const char *want)
{
    if (!pel_str_eq(got, pel_str(want, strlen(want))))
        fail_msg("%s of\n%sis %.*s, wanted %s", what, fields, (int)got.len, got.p, want);
}

static void resolve(struct fixture *f, const char *fields, const char *peer, bool is_unix,
                    struct pel_record *rec, struct pel_origin *out)
{
    char all[1024];

    snprintf(all, sizeof(all), "Host: a\r\n%s", fields);
    fixture_head(f, "GET / HTTP/1.1", all);
    *rec = (struct pel_record){.peer = pel_str(peer, strlen(peer)), .peer_port = 1234};
    pel_origin_resolve(&f->conf, f->head, is_unix, false, &f->arena, rec, out);
}

static void check(const struct example *e, const char *peer, bool is_unix)
{
    struct pel_origin origin;
    struct pel_record rec;
    struct fixture f;

    fixture_init(&f, "trusted_proxies", proxies);
    resolve(&f, e->fields, peer, is_unix, &rec, &origin);
    assert_is("client", e->fields, rec.client, e->client);
    assert_is("scheme", e->fields, rec.scheme, e->scheme);
    assert_is("host", e->fields, rec.host, e->host);
    assert_is("prefix", e->fields, origin.prefix, e->prefix);
    assert_int_equal(rec.client_port, e->port);
    fixture_fini(&f);
}

static void test_trusted_peer(void **state)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(examples); i++)
        check(&examples[i], "10.0.0.1", false);
}

static void test_stranger_is_not_believed(void **state)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(examples); i++) {
        struct example e = {examples[i].fields, "192.0.2.9", 1234, "http", "a", ""};

        check(&e, "192.0.2.9", false);
    }
}

static void test_unix_peer(void **state)
{
    static const struct example silent = {"", "", 0, "http", "a", ""};
    static const struct example tells = {
        "X-Forwarded-For: 1.2.3.4\r\n", "1.2.3.4", 0, "http", "a", ""};

    check(&silent, "/run/app.sock", true);
    check(&tells, "/run/app.sock", true);
}

static void test_unix_peer_not_trusted(void **state)
{
    static const char *const none[] = {NULL};
    struct pel_origin origin;
    struct pel_record rec;
    struct fixture f;

    fixture_init(&f, "trusted_proxies", none);
    resolve(&f, "X-Forwarded-For: 1.2.3.4\r\n", "/run/app.sock", true, &rec, &origin);
    assert_int_equal(rec.client.len, 0);
    resolve(&f, "X-Forwarded-For: 1.2.3.4\r\n", "127.0.0.1", false, &rec, &origin);
    assert_is("client", "", rec.client, "127.0.0.1");
    fixture_fini(&f);
}

static void test_too_many_hops(void **state)
{
    struct pel_origin origin;
    struct pel_record rec;
    struct fixture f;
    struct pel_buf b;

    fixture_init(&f, "trusted_proxies", proxies);
    pel_buf_init(&b);
    pel_buf_addf(&b, "Forwarded: for=1.2.3.4");
    for (int i = 0; i < 64; i++)
        pel_buf_addf(&b, ",for=10.0.0.2");
    pel_buf_add(&b, "\r\n", 3);
    resolve(&f, b.p, "10.0.0.1", false, &rec, &origin);
    assert_is("client", "", rec.client, "10.0.0.1");
    pel_buf_fini(&b);
    fixture_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trusted_peer),  cmocka_unit_test(test_stranger_is_not_believed),
        cmocka_unit_test(test_unix_peer),     cmocka_unit_test(test_unix_peer_not_trusted),
        cmocka_unit_test(test_too_many_hops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
