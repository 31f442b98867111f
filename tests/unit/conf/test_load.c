#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "pellucid/conf.h"

static void test_defaults(void **state)
{
    struct pel_value doc = {.kind = PEL_VALUE_TABLE};
    struct pel_conf conf;
    struct pel_err err;

    assert_int_equal(pel_conf_load(&conf, &doc, &err), 0);
    assert_int_equal(conf.server_threads, 8);
    assert_int_equal(conf.server_workers, 0);
    assert_int_equal(conf.http_keepalive_timeout_ms, 75000);
    assert_int_equal(conf.http_max_header_size_bytes, 65536);
    assert_int_equal(conf.server_bind.n, 1);
    assert_string_equal(conf.server_bind.items[0], "127.0.0.1:8000");
    assert_int_equal(conf.n_proxies, 2);
    assert_true(conf.trusts_unix);
    assert_true(pel_conf_trusts(&conf, PEL_STR("::ffff:127.0.0.1")));
    assert_false(pel_conf_trusts(&conf, PEL_STR("127.0.0.2")));
    pel_conf_fini(&conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_defaults)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
