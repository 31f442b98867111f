#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "explain.h"
#include "net.h"
#include "pellucid/mem.h"
#include "route.h"
#include "type.h"

/* A table of values against a table of directives. */
struct scope {
    const struct pel_directive *table;
    size_t n;
    const char *prefix; /* of a name in an error line: "server.", "[[route]] number 2: " */
    const char *source;
};

static void add_near(struct pel_buf *out, const struct scope *scope, const char *section,
                     const char *key)
{
    const struct pel_directive *d = pel_explain_nearest(scope->table, scope->n, section, key);
    const char *separator = "";

    if (d && scope->table == pel_directives) {
        pel_buf_addf(out, ", did you mean %s.%s?", d->section, d->key);
    } else if (d) {
        pel_buf_addf(out, ", did you mean %s?", d->key);
    } else {
        pel_buf_addf(out, ", known are ");
        for (size_t i = 0; i < scope->n; i++) {
            if (strcmp(scope->table[i].section, section) != 0)
                continue;
            pel_buf_addf(out, "%s%s", separator, scope->table[i].key);
            separator = ", ";
        }
    }
}

static int fail_unknown_key(const struct scope *scope, const char *section,
                            const struct pel_value *v, struct pel_err *err)
{
    struct pel_buf near;

    pel_buf_init(&near);
    add_near(&near, scope, section, v->key);
    pel_err_set(err, "%s: unknown key %s%s%.*s", v->source ? v->source : scope->source,
                scope->prefix, v->key, (int)near.len, near.p);
    pel_buf_fini(&near);
    return -1;
}

static int fail_value(const struct scope *scope, const struct pel_directive *d,
                      const struct pel_value *v, const struct pel_value *bad, struct pel_err *err)
{
    const char *source = bad->source ? bad->source : v->source ? v->source : scope->source;
    bool has_name = bad != v && bad->key;
    struct pel_buf found, allowed;

    pel_buf_init(&found);
    pel_buf_init(&allowed);
    if (pel_directive_is_secret(d))
        pel_buf_addf(&found, "a secret%s", d->type == PEL_TYPE_PAIRS ? " of another type" : "");
    else
        pel_explain_found(&found, bad);
    if (has_name && bad->kind == PEL_VALUE_TABLE)
        pel_buf_addf(&allowed, "a string (a name with dots in it needs quotes)");
    else if (has_name)
        pel_buf_addf(&allowed, "a string, under a name that is not empty");
    else
        pel_explain_allowed(&allowed, d);
    pel_err_set(err, "%s: %s%s%s%s: found %.*s, allowed is %.*s", source, scope->prefix, d->key,
                has_name ? "." : "", has_name ? bad->key : "", (int)found.len, found.p,
                (int)allowed.len, allowed.p);
    pel_buf_fini(&found);
    pel_buf_fini(&allowed);
    return -1;
}

static int load_default(const struct pel_directive *d, void *field)
{
    const struct pel_value *bad;
    struct pel_value v;
    bool is_valid;

    pel_type_default(d, &v);
    is_valid = pel_type_parse(d, &v, field, &bad);
    pel_value_fini(&v);
    PEL_ASSERT(is_valid);
    return 0;
}

/* What stands where another kind of value must be. */
static int fail_shape(const char *source, const char *name, const struct pel_value *v,
                      const char *allowed, struct pel_err *err)
{
    struct pel_buf found;

    pel_buf_init(&found);
    pel_explain_found(&found, v);
    pel_err_set(err, "%s: %sfound %.*s, allowed is %s", source, name, (int)found.len, found.p,
                allowed);
    pel_buf_fini(&found);
    return -1;
}

/* table is NULL when the user wrote none of it; base is what the offsets are from. */
static int load_field(const struct scope *scope, const struct pel_directive *d,
                      const struct pel_value *table, void *base, struct pel_err *err)
{
    const struct pel_value *v = table ? pel_value_find(table, d->key) : NULL, *bad;
    void *field = (char *)base + d->offset;

    if (!v)
        return d->dflt ? load_default(d, field) : 0;
    if (!pel_type_parse(d, v, field, &bad))
        return fail_value(scope, d, v, bad, err);
    return 0;
}

static const struct pel_directive *directive_find(const struct scope *scope, const char *section,
                                                  const char *key)
{
    for (size_t i = 0; i < scope->n; i++)
        if (strcmp(scope->table[i].section, section) == 0 && strcmp(scope->table[i].key, key) == 0)
            return &scope->table[i];
    return NULL;
}

static int check_keys(const struct scope *scope, const char *section, const struct pel_value *table,
                      struct pel_err *err)
{
    for (size_t i = 0; i < table->n_children; i++)
        if (!directive_find(scope, section, table->children[i].key))
            return fail_unknown_key(scope, section, &table->children[i], err);
    return 0;
}

static bool section_exists(const char *name)
{
    for (size_t i = 0; i < pel_n_directives; i++)
        if (strcmp(pel_directives[i].section, name) == 0)
            return true;
    return false;
}

static int fail_unknown_section(const struct pel_value *v, const char *source, struct pel_err *err)
{
    const char *nearest = pel_explain_nearest_section(v->key);
    struct pel_buf known;

    if (nearest)
        return pel_err_set(err, "%s: unknown section [%s], did you mean [%s]?", source, v->key,
                           nearest);
    pel_buf_init(&known);
    for (size_t i = 0; i < pel_n_directives; i++)
        if (i == 0 || strcmp(pel_directives[i].section, pel_directives[i - 1].section) != 0)
            pel_buf_addf(&known, "[%s], ", pel_directives[i].section);
    pel_err_set(err, "%s: unknown section [%s], known are %.*s[[route]]", source, v->key,
                (int)known.len, known.p);
    pel_buf_fini(&known);
    return -1;
}

/* One child of the document: a section, a key outside of any section, or something unknown. */
static int check_section(const struct pel_value *v, const char *source, struct pel_err *err)
{
    struct scope scope = {pel_directives, pel_n_directives, "", v->source ? v->source : source};
    char prefix[64];

    if (strcmp(v->key, "route") == 0)
        return 0;
    if (section_exists(v->key)) {
        snprintf(prefix, sizeof(prefix), "%s: ", v->key);
        if (v->kind != PEL_VALUE_TABLE)
            return fail_shape(scope.source, prefix, v, "a section, a table", err);
        snprintf(prefix, sizeof(prefix), "%s.", v->key);
        scope.prefix = prefix;
        return check_keys(&scope, v->key, v, err);
    }
    if (v->kind == PEL_VALUE_TABLE)
        return fail_unknown_section(v, scope.source, err);
    return fail_unknown_key(&scope, "", v, err);
}

static int load_directives(struct pel_conf *conf, const struct pel_value *doc, struct pel_err *err)
{
    const char *source = doc->source ? doc->source : "configuration";
    struct scope scope = {pel_directives, pel_n_directives, NULL, NULL};
    char prefix[64];

    for (size_t i = 0; i < doc->n_children; i++)
        if (check_section(&doc->children[i], source, err) < 0)
            return -1;
    scope.prefix = prefix;
    for (size_t i = 0; i < pel_n_directives; i++) {
        const struct pel_directive *d = &pel_directives[i];
        const struct pel_value *section = pel_value_find(doc, d->section);

        scope.source = section && section->source ? section->source : source;
        snprintf(prefix, sizeof(prefix), "%s.", d->section);
        if (load_field(&scope, d, section, conf, err) < 0)
            return -1;
    }
    return 0;
}

static int load_route(struct pel_conf_route *route, const struct pel_conf *conf,
                      const struct pel_value *v, size_t number, const char *source,
                      struct pel_err *err)
{
    struct scope scope = {pel_route_directives, pel_n_route_directives, NULL, source};
    char prefix[64];

    *route = (struct pel_conf_route){.slow_ms = conf->requests_slow_ms, .trace_ratio = -1};
    snprintf(prefix, sizeof(prefix), "[[route]] number %zu: ", number);
    scope.prefix = prefix;
    if (v->source)
        scope.source = v->source;
    if (v->kind != PEL_VALUE_TABLE)
        return fail_shape(scope.source, prefix, v, "a table", err);
    if (check_keys(&scope, "route", v, err) < 0)
        return -1;
    for (size_t i = 0; i < pel_n_route_directives; i++)
        if (load_field(&scope, &pel_route_directives[i], v, route, err) < 0)
            return -1;
    return pel_route_prepare(route, scope.source, prefix, err);
}

static void route_fini(struct pel_conf_route *route)
{
    for (size_t i = 0; i < pel_n_route_directives; i++)
        pel_type_fini(pel_route_directives[i].type, (char *)route + pel_route_directives[i].offset);
    free(route->method);
    free(route->pattern);
}

static int load_routes(struct pel_conf *conf, const struct pel_value *doc, struct pel_err *err)
{
    const struct pel_value *routes = pel_value_find(doc, "route");
    const char *source = pel_explain_source(doc, "route", "");

    if (!routes)
        return 0;
    if (routes->kind != PEL_VALUE_ARRAY)
        return fail_shape(source, "route: ", routes, "a list of tables, [[route]]", err);
    conf->routes = pel_mem_new(routes->n_children, sizeof(*conf->routes));
    for (size_t i = 0; i < routes->n_children; i++) {
        conf->n_routes = i + 1;
        if (load_route(&conf->routes[i], conf, &routes->children[i], i + 1, source, err) < 0)
            return -1;
    }
    return 0;
}

int pel_conf_load(struct pel_conf *conf, const struct pel_value *doc, struct pel_err *err)
{
    struct pel_conf loaded = {0};

    if (doc->kind != PEL_VALUE_TABLE)
        return fail_shape(doc->source ? doc->source : "configuration", "", doc,
                          "a table of sections", err);
    if (load_directives(&loaded, doc, err) < 0 || load_routes(&loaded, doc, err) < 0 ||
        pel_net_load(&loaded, doc, err) < 0 || pel_conf_check(&loaded, doc, err) < 0) {
        pel_conf_fini(&loaded);
        return -1;
    }
    *conf = loaded;
    return 0;
}

void pel_conf_fini(struct pel_conf *conf)
{
    for (size_t i = 0; i < pel_n_directives; i++)
        pel_type_fini(pel_directives[i].type, (char *)conf + pel_directives[i].offset);
    for (size_t i = 0; i < conf->n_routes; i++)
        route_fini(&conf->routes[i]);
    free(conf->routes);
    free(conf->proxies);
    *conf = (struct pel_conf){0};
}

bool pel_conf_is_same(const struct pel_conf *a, const struct pel_conf *b, size_t i)
{
    const struct pel_directive *d = &pel_directives[i];

    return pel_type_is_same(d->type, (const char *)a + d->offset, (const char *)b + d->offset);
}
