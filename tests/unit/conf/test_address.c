#include "../check.h"
#include "pellucid/address.h"

static struct pel_address parse(const char *text)
{
    struct pel_address a;
    struct pel_err err;

    if (pel_address_parse(&a, text, &err) < 0)
        fail_msg("%s: %s", text, err.text);
    return a;
}

static void is_tcp(const char *text, const char *host, int port)
{
    struct pel_address a = parse(text);

    assert_int_equal(a.kind, PEL_ADDRESS_TCP);
    assert_string_equal(a.host, host);
    assert_int_equal(a.port, port);
    assert_int_equal(a.fd, -1);
}

static void hosts_and_ports(void **state)
{
    is_tcp("127.0.0.1:8000", "127.0.0.1", 8000);
    is_tcp("[::]:80", "::", 80);
    is_tcp("[fe80::1%eth0]:65535", "fe80::1%eth0", 65535);
    is_tcp("localhost:0", "localhost", 0);
    is_tcp(":8000", "0.0.0.0", 8000);
    is_tcp("shop.example:443", "shop.example", 443);
}

static void sockets_of_other_kinds(void **state)
{
    struct pel_address a = parse("unix:/run/pellucid.sock");

    assert_int_equal(a.kind, PEL_ADDRESS_UNIX);
    assert_string_equal(a.path, "/run/pellucid.sock");
    a = parse("unix:///run/x");
    assert_string_equal(a.path, "/run/x");
    a = parse("unix:@pellucid");
    assert_string_equal(a.path, "@pellucid");
    a = parse("fd://3");
    assert_int_equal(a.kind, PEL_ADDRESS_FD);
    assert_int_equal(a.fd, 3);
}

static const char *const bad[][2] = {
    {"", "the port is missing"},
    {"127.0.0.1", "the port is missing"},
    {"[::1]", "the port is missing"},
    {"[::1]80", "the port is missing"},
    {"127.0.0.1:", "a port is a number from 0 to 65535"},
    {"127.0.0.1:65536", "a port is a number from 0 to 65535"},
    {"127.0.0.1:99999999999999999999", "a port is a number from 0 to 65535"},
    {"127.0.0.1:+80", "a port is a number from 0 to 65535"},
    {"::1:80", "an IPv6 address needs brackets"},
    {"[]:80", "the host is not a name or an address"},
    {"http://x:80", "an IPv6 address needs brackets"},
    {"a b:80", "the host is not a name or an address"},
    {"a/b:80", "the host is not a name or an address"},
    {"]:80", "the host is not a name or an address"},
    {"unix:", "a unix socket has a path that begins with /, or an @name"},
    {"unix:run/x", "a unix socket has a path that begins with /, or an @name"},
    {"unix:@", "a unix socket has a path that begins with /, or an @name"},
    {"unix:/"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxx",
     "the path of a unix socket can have 107 bytes at most"},
    {"fd://", "fd:// is followed by the number of an open descriptor"},
    {"fd://x", "fd:// is followed by the number of an open descriptor"},
    {"fd://-1", "fd:// is followed by the number of an open descriptor"},
};

static void what_is_no_address_is_told_apart(void **state)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(bad); i++) {
        struct pel_address a;
        struct pel_err err;

        assert_int_equal(pel_address_parse(&a, bad[i][0], &err), -1);
        assert_string_equal(err.text, bad[i][1]);
    }
}

static bool is_local(const char *text)
{
    struct pel_address a = parse(text);

    return pel_address_is_local(&a);
}

static void some_are_reachable_from_here_only(void **state)
{
    assert_true(is_local("127.0.0.1:1"));
    assert_true(is_local("127.255.0.1:1"));
    assert_true(is_local("[::1]:1"));
    assert_true(is_local("LocalHost:1"));
    assert_true(is_local("unix:/run/x"));
    assert_false(is_local(":1"));
    assert_false(is_local("[::]:1"));
    assert_false(is_local("[::ffff:127.0.0.1]:1"));
    assert_false(is_local("128.0.0.1:1"));
    assert_false(is_local("localhost.example:1"));
    assert_false(is_local("fd://3"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_and_ports),
        cmocka_unit_test(sockets_of_other_kinds),
        cmocka_unit_test(what_is_no_address_is_told_apart),
        cmocka_unit_test(some_are_reachable_from_here_only),
    };

    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
