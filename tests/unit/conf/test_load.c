#include "document.h"

static void nothing_gives_the_defaults(void **state)
{
    struct document doc = document();
    struct pel_conf conf = document_load(&doc);

    assert_string_equal(conf.server_app, "");
    assert_int_equal(conf.server_interface, PEL_INTERFACE_AUTO);
    assert_int_equal(conf.server_bind.n, 1);
    assert_string_equal(conf.server_bind.items[0], "127.0.0.1:8000");
    assert_int_equal(conf.server_workers, 0);
    assert_int_equal(conf.server_threads, 8);
    assert_false(conf.server_preload);
    assert_int_equal(conf.server_env.n, 0);
    assert_int_equal(conf.server_graceful_timeout_ms, 30000);
    assert_int_equal(conf.http_keepalive_timeout_ms, 75000);
    assert_int_equal(conf.http_max_header_size_bytes, 65536);
    assert_int_equal(conf.http_max_body_size_bytes, 0);
    assert_true(conf.http_date_header);
    assert_float_equal(conf.trace_ratio, 1.0, 0);
    assert_int_equal(conf.trace_keep.n, 2);
    assert_string_equal(conf.trace_keep.items[1], "error");
    assert_int_equal(conf.otlp_compression, PEL_COMPRESSION_GZIP);
    assert_string_equal(conf.admin_bind, "127.0.0.1:9464");
    assert_int_equal(conf.n_routes, 0);
    assert_true(conf.trusts_unix);
    pel_conf_fini(&conf);
}

static void every_type_takes_a_value(void **state)
{
    struct document doc = document();
    struct pel_conf conf;

    document_string(&doc, "server", "app", "shop:app");
    document_string(&doc, "server", "interface", "asgi");
    document_strings(&doc, "server", "bind", "[::1]:80 unix:/run/x");
    document_int(&doc, "server", "threads", 1024);
    document_string(&doc, "server", "startup_timeout", "1.5m");
    document_string(&doc, "http", "max_header_size", "128KiB");
    document_real(&doc, "trace", "ratio", 0.25);
    document_pair(&doc, "server", "env", "DEBUG", "");
    document_pair(&doc, "server", "env", "A", "b");
    document_at(&doc, "server", "preload")->kind = PEL_VALUE_BOOL;
    conf = document_load(&doc);
    assert_string_equal(conf.server_app, "shop:app");
    assert_int_equal(conf.server_interface, PEL_INTERFACE_ASGI);
    assert_int_equal(conf.server_bind.n, 2);
    assert_string_equal(conf.server_bind.items[1], "unix:/run/x");
    assert_int_equal(conf.server_threads, 1024);
    assert_int_equal(conf.server_startup_timeout_ms, 90000);
    assert_int_equal(conf.http_max_header_size_bytes, 131072);
    assert_float_equal(conf.trace_ratio, 0.25, 0);
    assert_int_equal(conf.server_env.n, 2);
    assert_string_equal(conf.server_env.items[1].name, "A");
    assert_string_equal(conf.server_env.items[1].value, "b");
    assert_false(conf.server_preload);
    pel_conf_fini(&conf);
}

static void a_number_without_a_unit_is_seconds_or_bytes(void **state)
{
    struct document doc = document();
    struct pel_conf conf;

    document_int(&doc, "http", "header_timeout", 5);
    document_real(&doc, "http", "body_timeout", 0.25);
    document_string(&doc, "http", "write_timeout", "7");
    document_int(&doc, "http", "max_header_size", 1000);
    document_string(&doc, "server", "workers", "auto");
    document_int(&doc, "trace", "ratio", 0);
    conf = document_load(&doc);
    assert_int_equal(conf.http_header_timeout_ms, 5000);
    assert_int_equal(conf.http_body_timeout_ms, 250);
    assert_int_equal(conf.http_write_timeout_ms, 7000);
    assert_int_equal(conf.http_max_header_size_bytes, 1000);
    assert_int_equal(conf.server_workers, 0);
    assert_float_equal(conf.trace_ratio, 0, 0);
    pel_conf_fini(&conf);
}

static void routes_inherit_what_they_leave_open(void **state)
{
    struct document doc = document();
    struct pel_value *route;
    struct pel_conf conf;

    document_string(&doc, "requests", "slow", "3s");
    document_route(&doc, "GET /orders/{id}");
    route = document_route(&doc, "/static/**");
    pel_value_set_string(pel_value_add(route, "slow"), PEL_STR("200ms"));
    pel_value_set_string(pel_value_add(route, "name"), PEL_STR("assets"));
    pel_value_add(route, "access_log")->kind = PEL_VALUE_BOOL;
    pel_value_add(route, "recycle")->kind = PEL_VALUE_BOOL;
    pel_value_add(route, "trace_ratio")->kind = PEL_VALUE_INT;
    document_route(&doc, "/x/*");
    conf = document_load(&doc);
    assert_int_equal(conf.n_routes, 3);
    assert_string_equal(conf.routes[0].method, "GET");
    assert_string_equal(conf.routes[0].pattern, "/orders/{id}");
    assert_string_equal(conf.routes[0].name, "/orders/{id}");
    assert_int_equal(conf.routes[0].slow_ms, 3000);
    assert_float_equal(conf.routes[0].trace_ratio, -1, 0);
    assert_true(conf.routes[0].access_log);
    assert_true(conf.routes[0].recycle);
    assert_string_equal(conf.routes[1].method, "");
    assert_string_equal(conf.routes[1].name, "assets");
    assert_int_equal(conf.routes[1].slow_ms, 200);
    assert_float_equal(conf.routes[1].trace_ratio, 0, 0);
    assert_false(conf.routes[1].access_log);
    assert_false(conf.routes[1].recycle);
    assert_string_equal(conf.routes[2].name, "");
    pel_conf_fini(&conf);
}

static void a_failure_leaves_the_target_alone(void **state)
{
    struct document doc = document();
    struct pel_conf conf, before;

    memset(&conf, 0x55, sizeof(conf));
    before = conf;
    document_string(&doc, "admin", "bind", "nowhere");
    assert_int_equal(pel_conf_load(&conf, &doc.root, &doc.err), -1);
    assert_memory_equal(&conf, &before, sizeof(conf));
    assert_int_equal(pel_conf_load(&conf, &doc.root, NULL), -1);
    pel_value_fini(&doc.root);
}

static void two_readings_can_be_compared(void **state)
{
    struct document doc = document(), other = document();
    struct pel_conf a = document_load(&doc), b;

    document_strings(&other, "server", "bind", "127.0.0.1:8001");
    document_pair(&other, "server", "env", "A", "b");
    document_int(&other, "http", "header_timeout", 10);
    document_real(&other, "trace", "ratio", 0.5);
    b = document_load(&other);
    for (size_t i = 0; i < pel_n_directives; i++) {
        const char *key = pel_directives[i].key;
        bool differs =
            (strcmp(key, "bind") == 0 && strcmp(pel_directives[i].section, "server") == 0) ||
            strcmp(key, "env") == 0 || strcmp(key, "ratio") == 0;

        assert_int_equal(pel_conf_is_same(&a, &b, i), !differs);
    }
    pel_conf_fini(&a);
    pel_conf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_gives_the_defaults),
        cmocka_unit_test(every_type_takes_a_value),
        cmocka_unit_test(a_number_without_a_unit_is_seconds_or_bytes),
        cmocka_unit_test(routes_inherit_what_they_leave_open),
        cmocka_unit_test(a_failure_leaves_the_target_alone),
        cmocka_unit_test(two_readings_can_be_compared),
    };

    return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
