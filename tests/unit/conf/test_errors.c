/* The one line that a user reads. */
#include <math.h>

#include "document.h"

static const char *const unknown[][3] = {
    {"server", "thread", "unknown key server.thread, did you mean server.threads?"},
    {"server", "theards", "unknown key server.theards, did you mean server.threads?"},
    {"http", "threads", "unknown key http.threads, did you mean server.threads?"},
    {"http", "acces_log", "unknown key http.acces_log, did you mean http.access_log?"},
    {"log", "colour", "unknown key log.colour, known are level, output, format"},
    {"log", "", "unknown key log., known are level, output, format"},
    {"servr", "threads", "unknown section [servr], did you mean [server]?"},
    {"zzz", "threads",
     "unknown section [zzz], known are [server], [http], [log], [recycle], [requests], [trace], "
     "[otlp], [admin], [[route]]"},
};

static void an_unknown_key_names_the_nearest(void **state)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(unknown); i++) {
        struct document doc = document();
        char line[256];

        document_int(&doc, unknown[i][0], unknown[i][1], 1);
        snprintf(line, sizeof(line), "pellucid.toml: %s", unknown[i][2]);
        document_fails(&doc, line);
    }
}

static const char *const wrong_strings[][3] = {
    {"server", "threads", "found \"many\", allowed is a whole number from 1 to 1024"},
    {"server", "workers", "found \"many\", allowed is a whole number from 1 to 512 or \"auto\""},
    {"server", "preload", "found \"many\", allowed is true or false"},
    {"server", "bind", "found \"many\", allowed is a list of 1 to 64 strings"},
    {"server", "interface", "found \"many\", allowed is \"auto\", \"wsgi\" or \"asgi\""},
    {"server", "env",
     "found \"many\", allowed is a table of strings, such as { NAME = \"value\" }"},
    {"trace", "keep",
     "found \"many\", allowed is a list of at most 4 strings out of \"slow\", \"error\", "
     "\"timeout\" and \"slowest\""},
    {"trace", "ratio", "found \"many\", allowed is a number from 0 to 1"},
    {"http", "header_timeout",
     "found \"many\", allowed is a duration from 1ms to 1d, such as "
     "\"250ms\" or \"1.5m\""},
    {"http", "max_header_size",
     "found \"many\", allowed is a size from 512B to 16MiB, such as "
     "\"64KiB\" or \"1MB\""},
    {"server", "root_path",
     "found \"many\", allowed is a path that begins with / and does not end "
     "with one, or nothing"},
    {"otlp", "endpoint",
     "found \"many\", allowed is a URL such as \"http://127.0.0.1:4318\", or "
     "nothing"},
    {"admin", "bind",
     "found \"many\" (the port is missing), allowed is host:port, [::1]:port, "
     "unix:/path or fd://N, or \"off\""},
};

static void a_wrong_value_is_named_with_what_is_allowed(void **state)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(wrong_strings); i++) {
        const char *const *row = wrong_strings[i];
        struct document doc = document();
        char line[256];

        document_string(&doc, row[0], row[1], "many");
        snprintf(line, sizeof(line), "pellucid.toml: %s.%s: %s", row[0], row[1], row[2]);
        document_fails(&doc, line);
    }
}

static void what_is_out_of_range_is_wrong(void **state)
{
    static const double numbers[] = {0, -1, 1025, 1e300};

    for (size_t i = 0; i < PEL_ARRAY_LEN(numbers); i++) {
        struct document doc = document();
        struct pel_conf conf;

        document_int(&doc, "server", "threads", (int64_t)(numbers[i] > 1e18 ? 1e18 : numbers[i]));
        assert_int_equal(pel_conf_load(&conf, &doc.root, &doc.err), -1);
        pel_value_fini(&doc.root);
        doc = document();
        document_real(&doc, "server", "threads", numbers[i]);
        assert_int_equal(pel_conf_load(&conf, &doc.root, &doc.err), -1);
        pel_value_fini(&doc.root);
    }
}

static void no_number_is_no_duration(void **state)
{
    static const double numbers[] = {NAN, INFINITY, -INFINITY, -1, 1e300};

    for (size_t i = 0; i < PEL_ARRAY_LEN(numbers); i++) {
        struct document doc = document();
        struct pel_conf conf;

        document_real(&doc, "recycle", "max_lifetime", numbers[i]);
        assert_int_equal(pel_conf_load(&conf, &doc.root, &doc.err), -1);
        pel_value_fini(&doc.root);
    }
}

static void the_source_is_that_of_the_value(void **state)
{
    struct document doc = document();

    document_string(&doc, "server", "threads", "many");
    doc.root.children[0].children[0].source = strdup("--threads");
    document_fails(&doc,
                   "--threads: server.threads: found \"many\", allowed is a whole number from "
                   "1 to 1024");
    doc = document();
    document_string(&doc, "otlp", "endpoint", "x");
    doc.root.children[0].children[0].source = strdup("OTEL_EXPORTER_OTLP_ENDPOINT");
    document_fails(&doc,
                   "OTEL_EXPORTER_OTLP_ENDPOINT: otlp.endpoint: found \"x\", allowed is a URL "
                   "such as \"http://127.0.0.1:4318\", or nothing");
    doc = document();
    free(doc.root.source);
    doc.root.source = NULL;
    document_int(&doc, "log", "level", 1);
    document_fails(&doc, "configuration: log.level: found 1, allowed is \"debug\", \"info\", "
                         "\"warning\" or \"error\"");
}

static void elements_are_named(void **state)
{
    struct document doc = document();

    document_strings(&doc, "trace", "keep", "slow fast");
    document_fails(&doc,
                   "pellucid.toml: trace.keep: found \"fast\", allowed is a list of at most 4 "
                   "strings out of \"slow\", \"error\", \"timeout\" and \"slowest\"");
    doc = document();
    document_pair(&doc, "otlp", "resource", "service", "");
    doc.root.children[0].children[0].children[0].kind = PEL_VALUE_TABLE;
    document_fails(&doc, "pellucid.toml: otlp.resource.service: found a table, allowed is a string "
                         "(a name with dots in it needs quotes)");
    doc = document();
    document_pair(&doc, "server", "env", "A=B", "c");
    document_fails(&doc, "pellucid.toml: server.env: found the name \"A=B\", allowed is a name "
                         "without \"=\"");
}

static void methods_are_tokens_that_have_room(void **state)
{
    static const char *const wrong[] = {"GE T",       "",       "SIXTEEN-LETTERS-",
                                        "G\xc3\xa9T", "_OTHER", "GET,POST"};
    struct pel_conf conf;
    struct document doc;
    char line[256];

    for (size_t i = 0; i < PEL_ARRAY_LEN(wrong); i++) {
        struct pel_value *v;

        doc = document();
        v = document_at(&doc, "http", "known_methods");
        v->kind = PEL_VALUE_ARRAY;
        pel_value_set_string(pel_value_add(v, NULL), PEL_STR("GET"));
        pel_value_set_string(pel_value_add(v, NULL), pel_str(wrong[i], strlen(wrong[i])));
        snprintf(line, sizeof(line),
                 "pellucid.toml: http.known_methods: found \"%s\", allowed is an HTTP method of at "
                 "most 15 characters, other than \"_OTHER\"",
                 wrong[i]);
        document_fails(&doc, line);
    }
    doc = document();
    document_strings(&doc, "http", "known_methods", "get FIFTEEN-LETTERS BASELINE~1");
    conf = document_load(&doc);
    assert_int_equal(conf.http_known_methods.n, 3);
    pel_conf_fini(&conf);
}

static void urls_have_a_host_and_ports_a_number(void **state)
{
    static const char *const wrong[] = {
        "http://",        "http:///v1",   "http://:1",   "http://x:", "http://x:y", "http://x:0",
        "http://x:65536", "http://x:1a/", "http://[::1", "ftp://x",   "http://x y"};
    static const char *const right[] = {"http://x",
                                        "https://x:1/a:b",
                                        "http://[::1]",
                                        "http://[::1]:4318",
                                        "http://u:p@x:443",
                                        "http://x?a=1:b",
                                        ""};
    struct document doc;
    struct pel_conf conf;
    char line[256];

    for (size_t i = 0; i < PEL_ARRAY_LEN(wrong); i++) {
        doc = document();
        document_string(&doc, "otlp", "endpoint", wrong[i]);
        snprintf(line, sizeof(line),
                 "pellucid.toml: otlp.endpoint: found \"%s\", allowed is a URL such as "
                 "\"http://127.0.0.1:4318\", or nothing",
                 wrong[i]);
        document_fails(&doc, line);
    }
    doc = document();
    document_string(&doc, "otlp", "endpoint", "http://user:password@");
    document_fails(&doc,
                   "pellucid.toml: otlp.endpoint: found a URL with a secret, allowed is a URL "
                   "such as \"http://127.0.0.1:4318\", or nothing");
    for (size_t i = 0; i < PEL_ARRAY_LEN(right); i++) {
        doc = document();
        document_string(&doc, "otlp", "endpoint", right[i]);
        conf = document_load(&doc);
        pel_conf_fini(&conf);
    }
}

static void secrets_are_not_repeated(void **state)
{
    struct document doc = document();

    document_pair(&doc, "otlp", "headers", "authorization", "");
    doc.root.children[0].children[0].children[0].kind = PEL_VALUE_INT;
    doc.root.children[0].children[0].children[0].integer = 12345;
    document_fails(&doc,
                   "pellucid.toml: otlp.headers.authorization: found a secret of another type, "
                   "allowed is a string, under a name that is not empty");
    doc = document();
    document_pair(&doc, "otlp", "headers", "a b", "secret");
    document_fails(&doc, "pellucid.toml: otlp.headers: \"a b\" is not a header field (a name of "
                         "letters, digits and -, a value without control characters)");
    doc = document();
    document_string(&doc, "admin", "token", "secret\n");
    document_fails(&doc, "pellucid.toml: admin.token: found a secret, allowed is text without "
                         "control characters, and without spaces around it");
}

static void routes_are_counted(void **state)
{
    struct document doc = document();
    struct pel_value *route;

    document_route(&doc, "GET /ok");
    route = document_route(&doc, "orders");
    document_fails(&doc,
                   "pellucid.toml: [[route]] number 2: match: found \"orders\", allowed is a path, "
                   "or a method and a path, such as \"GET /orders/*\" or \"/orders/{id}\"");
    doc = document();
    route = document_route(&doc, "/ok");
    pel_value_add(route, "profile")->kind = PEL_VALUE_BOOL;
    document_fails(&doc, "pellucid.toml: unknown key [[route]] number 1: profile, known are match, "
                         "name, slow, trace_ratio, access_log, recycle");
    doc = document();
    route = document_route(&doc, "/ok");
    pel_value_add(route, "slow")->kind = PEL_VALUE_BOOL;
    document_fails(&doc, "pellucid.toml: [[route]] number 1: slow: found false, allowed is a "
                         "duration from 0 to 1d, such as \"250ms\" or \"1.5m\"");
    doc = document();
    document_int(&doc, "route", "match", 1);
    document_fails(&doc, "pellucid.toml: route: found a table, allowed is a list of tables, "
                         "[[route]]");
}

static void documents_of_another_shape(void **state)
{
    struct document doc = document();

    pel_value_add(&doc.root, "server")->kind = PEL_VALUE_INT;
    document_fails(&doc, "pellucid.toml: server: found 0, allowed is a section, a table");
    doc = document();
    pel_value_add(&doc.root, "workers")->kind = PEL_VALUE_INT;
    document_fails(&doc, "pellucid.toml: unknown key workers, did you mean server.workers?");
    doc = document();
    doc.root.kind = PEL_VALUE_BOOL;
    document_fails(&doc, "pellucid.toml: found false, allowed is a table of sections");
}

static void what_is_found_cannot_forge_a_line(void **state)
{
    struct document doc = document();
    char line[512], longer[400];

    document_string(&doc, "server", "interface", "a\nb\x1b[31m");
    document_fails(&doc, "pellucid.toml: server.interface: found \"a\\x0ab\\x1b[31m\", allowed is "
                         "\"auto\", \"wsgi\" or \"asgi\"");
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    doc = document();
    document_string(&doc, "server", "interface", longer);
    snprintf(line, sizeof(line),
             "pellucid.toml: server.interface: found \"%.80s...\", allowed is "
             "\"auto\", \"wsgi\" or \"asgi\"",
             longer);
    document_fails(&doc, line);
    doc = document();
    document_int(&doc, "server", "new\nline", 1);
    assert_int_equal(pel_conf_load(&doc.conf, &doc.root, &doc.err), -1);
    assert_null(strchr(doc.err.text, '\n'));
    pel_value_fini(&doc.root);
}

static void an_open_admin_address_needs_a_token(void **state)
{
    static const char *const open[] = {":9464", "0.0.0.0:9464", "[::]:9464", "10.0.0.1:1",
                                       "host:1"};
    static const char *const local[] = {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1",
                                        "localhost:1", "unix:/run/x", "off"};
    struct document doc;
    struct pel_conf conf;
    char line[256];

    for (size_t i = 0; i < PEL_ARRAY_LEN(open); i++) {
        doc = document();
        document_string(&doc, "admin", "bind", open[i]);
        snprintf(line, sizeof(line),
                 "pellucid.toml: admin.token: found \"\", but admin.bind = \"%s\" can be reached "
                 "from other machines: set a token, or bind to 127.0.0.1, [::1] or unix:/path",
                 open[i]);
        document_fails(&doc, line);
        doc = document();
        document_string(&doc, "admin", "bind", open[i]);
        document_string(&doc, "admin", "token", "t");
        conf = document_load(&doc);
        pel_conf_fini(&conf);
    }
    for (size_t i = 0; i < PEL_ARRAY_LEN(local); i++) {
        doc = document();
        document_string(&doc, "admin", "bind", local[i]);
        conf = document_load(&doc);
        pel_conf_fini(&conf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_key_names_the_nearest),
        cmocka_unit_test(a_wrong_value_is_named_with_what_is_allowed),
        cmocka_unit_test(what_is_out_of_range_is_wrong),
        cmocka_unit_test(no_number_is_no_duration),
        cmocka_unit_test(the_source_is_that_of_the_value),
        cmocka_unit_test(elements_are_named),
        cmocka_unit_test(methods_are_tokens_that_have_room),
        cmocka_unit_test(urls_have_a_host_and_ports_a_number),
        cmocka_unit_test(secrets_are_not_repeated),
        cmocka_unit_test(routes_are_counted),
        cmocka_unit_test(documents_of_another_shape),
        cmocka_unit_test(what_is_found_cannot_forge_a_line),
        cmocka_unit_test(an_open_admin_address_needs_a_token),
    };

    return cmocka_run_group_tests_name("errors", tests, NULL, NULL);
}
