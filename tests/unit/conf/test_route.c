#include "document.h"

static bool matches(const char *match, const char *method, const char *path)
{
    struct document doc = document();
    struct pel_conf conf;
    bool found;

    document_route(&doc, match);
    conf = document_load(&doc);
    found = pel_conf_route_find(&conf, pel_str(method, strlen(method)),
                                pel_str(path, strlen(path))) != NULL;
    pel_conf_fini(&conf);
    return found;
}

static const char *const yes[][2] = {
    {"/", "/"},
    {"/orders", "/orders"},
    {"/orders/*", "/orders/5"},
    {"/orders/*", "/orders/a.b-c"},
    {"/orders/{id}", "/orders/5"},
    {"/orders/{id}/items", "/orders/5/items"},
    {"/a*", "/a"},
    {"/a*", "/abc"},
    {"/*.css", "/main.css"},
    {"/*.css", "/.css.css"},
    {"/a*b*c", "/aXbbYbc"},
    {"/v*/{id}.json", "/v12/a.b.json"},
    {"/{a}-{b}", "/x-y-z"},
    {"/static/**", "/static"},
    {"/static/**", "/static/"},
    {"/static/**", "/static/a/b/c"},
    {"/**", "/"},
    {"/**", "/a//b"},
    {"/a/**/b", "/a/b"},
    {"/a/**/b", "/a/x/y/b"},
    {"/a/**/b", "/a/b/b/b"},
    {"/**/*.js", "/x/y/z.js"},
    {"/**/a*/b/**/c", "/a/x/a1/b/a2/b/c/d/c"},
};

static const char *const no[][2] = {
    {"/", "/a"},
    {"/", ""},
    {"/orders", "/orders/"},
    {"/orders", "/Orders"},
    {"/orders/*", "/orders"},
    {"/orders/*", "/orders/"},
    {"/orders/*", "/orders/5/items"},
    {"/orders/{id}", "/orders/"},
    {"/a*", "/a/"},
    {"/*", "/"},
    {"/*.css", "/a/main.css"},
    {"/{a}.css", "/.css"},
    {"/static/**", "/staticfiles"},
    {"/static/**", "/statics/x"},
    {"/**", "*"},
    {"/a/**/b", "/a/xb"},
    {"/a/**/b", "/ab"},
    {"/a/**/b", "/a/b/c"},
    {"/**/a*/b/**/c", "/a/x/a1/b/a2/b/c/d"},
};

static void patterns_match_whole_paths(void **state)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(yes); i++)
        if (!matches(yes[i][0], "GET", yes[i][1]))
            fail_msg("%s should match %s", yes[i][0], yes[i][1]);
    for (size_t i = 0; i < PEL_ARRAY_LEN(no); i++)
        if (matches(no[i][0], "GET", no[i][1]))
            fail_msg("%s should not match %s", no[i][0], no[i][1]);
}

static void a_method_may_be_asked_for(void **state)
{
    assert_true(matches("POST /x", "POST", "/x"));
    assert_false(matches("POST /x", "GET", "/x"));
    assert_false(matches("POST /x", "POS", "/x"));
    assert_true(matches("M-SEARCH /x", "M-SEARCH", "/x"));
    assert_true(matches("/x", "BREW", "/x"));
}

static void the_first_match_counts(void **state)
{
    struct document doc = document();
    struct pel_conf conf;

    document_route(&doc, "POST /orders/{id}");
    document_route(&doc, "/orders/{order}");
    document_route(&doc, "/**");
    conf = document_load(&doc);
    assert_ptr_equal(pel_conf_route_find(&conf, PEL_STR("POST"), PEL_STR("/orders/1")),
                     &conf.routes[0]);
    assert_ptr_equal(pel_conf_route_find(&conf, PEL_STR("GET"), PEL_STR("/orders/1")),
                     &conf.routes[1]);
    assert_ptr_equal(pel_conf_route_find(&conf, PEL_STR("GET"), PEL_STR("/")), &conf.routes[2]);
    assert_null(pel_conf_route_find(&conf, PEL_STR("OPTIONS"), PEL_STR("*")));
    pel_conf_fini(&conf);
}

static void what_is_no_pattern_is_refused(void **state)
{
    static const char *const bad[] = {"",      "x",    "*",    "get /x",  "GET",    "GET  /x",
                                      "GET x", "/x y", "/{a",  "/a}",     "/{a/b}", "/{{a}}",
                                      "/a**",  "/**a", "/***", "GET /x ", " /x"};

    for (size_t i = 0; i < PEL_ARRAY_LEN(bad); i++) {
        struct document doc = document();
        struct pel_conf conf;

        document_route(&doc, bad[i]);
        if (pel_conf_load(&conf, &doc.root, &doc.err) == 0)
            fail_msg("\"%s\" should be refused", bad[i]);
        pel_value_fini(&doc.root);
    }
}

/* A hostile path must not make matching explode. */
static void matching_stays_fast(void **state)
{
    static char path[60000];

    memset(path, 'a', sizeof(path) - 1);
    path[0] = '/';
    assert_false(matches("/*a*a*a*a*a*a*a*a*b", "GET", path));
    for (size_t i = 0; i < sizeof(path) - 1; i += 2)
        path[i] = '/';
    assert_false(matches("/**/a/**/a/**/a/**/a/**/a/**/b", "GET", path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match_whole_paths),
        cmocka_unit_test(a_method_may_be_asked_for),
        cmocka_unit_test(the_first_match_counts),
        cmocka_unit_test(what_is_no_pattern_is_refused),
        cmocka_unit_test(matching_stays_fast),
    };

    return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
