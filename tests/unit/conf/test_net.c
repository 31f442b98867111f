#include "document.h"

static bool trusts(const char *networks, const char *address)
{
    struct document doc = document();
    struct pel_conf conf;
    bool answer;

    document_strings(&doc, "server", "trusted_proxies", networks);
    conf = document_load(&doc);
    answer = pel_conf_trusts(&conf, pel_str(address, strlen(address)));
    pel_conf_fini(&conf);
    return answer;
}

static void networks_hold_their_addresses(void **state)
{
    assert_true(trusts("10.0.0.0/8", "10.255.1.2"));
    assert_false(trusts("10.0.0.0/8", "11.0.0.1"));
    assert_true(trusts("10.1.2.3/8", "10.9.9.9"));
    assert_true(trusts("192.168.0.128/25", "192.168.0.200"));
    assert_false(trusts("192.168.0.128/25", "192.168.0.127"));
    assert_true(trusts("10.0.0.5", "10.0.0.5"));
    assert_false(trusts("10.0.0.5", "10.0.0.6"));
    assert_true(trusts("0.0.0.0/0", "8.8.8.8"));
    assert_false(trusts("0.0.0.0/0", "2001:db8::1"));
    assert_true(trusts("fd00::/8", "fd12:3456::1"));
    assert_false(trusts("fd00::/8", "fe80::1"));
    assert_true(trusts("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(trusts("2001:db8::/33", "2001:db8:8000::1"));
    assert_true(trusts("::/0", "1.2.3.4"));
    assert_true(trusts("::1", "::1"));
    assert_true(trusts("10.0.0.1 10.0.0.2", "10.0.0.2"));
}

static void an_address_has_several_spellings(void **state)
{
    assert_true(trusts("127.0.0.1/32", "::ffff:127.0.0.1"));
    assert_true(trusts("::ffff:10.0.0.0/104", "10.1.2.3"));
    assert_true(trusts("fe80::/10", "fe80::1%eth0"));
    assert_true(trusts("2001:DB8::1", "2001:db8:0:0::1"));
}

static void what_is_no_address_is_not_trusted(void **state)
{
    static const char *const bad[] = {
        "",
        "unknown",
        "_secret",
        "10.0.0",
        "10.0.0.0.1",
        "[::1]",
        "10.0.0.1:80",
        "unix",
        "localhost",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee:ffff",
    };

    for (size_t i = 0; i < PEL_ARRAY_LEN(bad); i++)
        assert_false(trusts("0.0.0.0/0 ::/0", bad[i]));
    assert_false(trusts("", "127.0.0.1"));
}

static void unix_peers_are_a_matter_of_their_own(void **state)
{
    struct document doc = document();
    struct pel_conf conf;

    document_strings(&doc, "server", "trusted_proxies", "unix 10.0.0.0/8");
    conf = document_load(&doc);
    assert_true(conf.trusts_unix);
    assert_int_equal(conf.n_proxies, 1);
    pel_conf_fini(&conf);
    doc = document();
    document_strings(&doc, "server", "trusted_proxies", "10.0.0.0/8");
    conf = document_load(&doc);
    assert_false(conf.trusts_unix);
    pel_conf_fini(&conf);
}

static void what_is_no_network_is_refused(void **state)
{
    static const char *const bad[] = {
        "x",  "10.0.0.0/33",  "10.0.0.0/", "10.0.0.0/-1", "::/129",        "10.0.0.0/8/8",
        "/8", "10.0.0.0/08x", "localhost", "*",           "10.0.0.0/0008", "UNIX"};

    for (size_t i = 0; i < PEL_ARRAY_LEN(bad); i++) {
        struct document doc = document();
        char line[256];

        document_strings(&doc, "server", "trusted_proxies", bad[i]);
        snprintf(line, sizeof(line),
                 "pellucid.toml: server.trusted_proxies: found \"%s\", allowed is an address "
                 "(10.0.0.5, ::1), a network (10.0.0.0/8, fd00::/8), or \"unix\"",
                 bad[i]);
        document_fails(&doc, line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_hold_their_addresses),
        cmocka_unit_test(an_address_has_several_spellings),
        cmocka_unit_test(what_is_no_address_is_not_trusted),
        cmocka_unit_test(unix_peers_are_a_matter_of_their_own),
        cmocka_unit_test(what_is_no_network_is_refused),
    };

    return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
