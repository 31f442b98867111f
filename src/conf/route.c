#include <stdlib.h>

#include "pellucid/mem.h"
#include "route.h"

static int fail(const char *source, const char *prefix, const char *match, struct pel_err *err)
{
    return pel_err_set(err,
                       "%s: %smatch: found \"%.80s\", allowed is a path, or a method and a path, "
                       "such as \"GET /orders/*\" or \"/orders/{id}\"",
                       source, prefix, match);
}

static bool is_upper(struct pel_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((s.p[i] < 'A' || s.p[i] > 'Z') && s.p[i] != '-')
            return false;
    return s.len > 0;
}

/* Each "{" has its "}" before the next "/". */
static bool braces_match(const char *pattern)
{
    for (; *pattern; pattern++) {
        if (*pattern == '}')
            return false;
        if (*pattern == '{') {
            pattern += 1 + strcspn(pattern + 1, "{}/");
            if (*pattern != '}')
                return false;
        }
    }
    return true;
}

static bool at_end_of_segment(char c)
{
    return c == '/' || c == '\0';
}

/* Two stars as a whole segment, with the slash before them, at p. */
static bool is_run(const char *p)
{
    return p[0] == '/' && p[1] == '*' && p[2] == '*' && at_end_of_segment(p[3]);
}

/* "**" is a whole segment, nothing else. */
static bool runs_are_whole(const char *pattern)
{
    for (const char *p = strstr(pattern, "**"); p; p = strstr(p + 2, "**"))
        if (!is_run(p - 1))
            return false;
    return true;
}

int pel_route_prepare(struct pel_conf_route *route, const char *source, const char *prefix,
                      struct pel_err *err)
{
    const char *space = strchr(route->match, ' ');
    const char *pattern = space ? space + 1 : route->match;
    struct pel_str method = pel_str(route->match, space ? (size_t)(space - route->match) : 0);

    if ((space && !is_upper(method)) || *pattern != '/' || strchr(pattern, ' ') ||
        !braces_match(pattern) || !runs_are_whole(pattern))
        return fail(source, prefix, route->match, err);
    route->method = pel_mem_dup(method);
    route->pattern = pel_mem_dup(pel_str(pattern, strlen(pattern)));
    if (!*route->name && !strchr(pattern, '*')) {
        free(route->name);
        route->name = pel_mem_dup(pel_str(pattern, strlen(pattern)));
    }
    return 0;
}

/*
 * Matching goes forward greedily and keeps two places to come back to: the last star within the
 * present segment (it takes one byte more), and the last run of segments (it takes one segment
 * more). Older ones need no second try: what they could still take, the newer one takes as well.
 */
struct matcher {
    const char *pattern;
    const char *path, *end;
    const char *star, *star_path; /* pattern behind the star; path from where it is tried next */
    const char *run, *run_path;   /* the same of a run of segments */
};

/* At a star or a {name}: moves behind it. One that is a segment of its own takes a byte at least,
 * as does a {name}. */
static bool enter_star(struct matcher *m)
{
    const char *p = m->pattern;
    bool is_name = *p == '{';
    bool is_whole;

    m->pattern += is_name ? strcspn(p, "}") + 1 : strspn(p, "*");
    is_whole = p[-1] == '/' && at_end_of_segment(*m->pattern);
    if (is_name || is_whole) {
        if (m->path == m->end || *m->path == '/')
            return false;
        m->path++;
    }
    m->star = m->pattern;
    m->star_path = m->path;
    return true;
}

static bool enter_run(struct matcher *m)
{
    if (m->path < m->end && *m->path != '/')
        return false;
    m->pattern += 3;
    m->run = m->pattern;
    m->run_path = m->path;
    m->star = NULL;
    return true;
}

/* Back to the last star, else to the last run, with one byte or one segment more. */
static bool come_back(struct matcher *m)
{
    if (m->star && m->star_path < m->end && *m->star_path != '/') {
        m->path = ++m->star_path;
        m->pattern = m->star;
        return true;
    }
    if (!m->run || m->run_path == m->end)
        return false;
    do
        m->run_path++;
    while (m->run_path < m->end && *m->run_path != '/');
    m->path = m->run_path;
    m->pattern = m->run;
    m->star = NULL;
    return true;
}

/* One element of the pattern; false: it does not match here. */
static bool step(struct matcher *m)
{
    if (is_run(m->pattern))
        return enter_run(m);
    if (*m->pattern == '*' || *m->pattern == '{')
        return enter_star(m);
    if (m->path == m->end || *m->pattern != *m->path)
        return false;
    if (*m->path == '/')
        m->star = NULL;
    m->pattern++;
    m->path++;
    return true;
}

static bool path_matches(const char *pattern, struct pel_str path)
{
    struct matcher m = {.pattern = pattern, .path = path.p, .end = path.p + path.len};

    for (;;) {
        if (!*m.pattern && m.path == m.end)
            return true;
        if ((!*m.pattern || !step(&m)) && !come_back(&m))
            return false;
    }
}

const struct pel_conf_route *pel_conf_route_find(const struct pel_conf *conf, struct pel_str method,
                                                 struct pel_str path)
{
    for (size_t i = 0; i < conf->n_routes; i++) {
        const struct pel_conf_route *route = &conf->routes[i];

        if (*route->method && !pel_str_eq(pel_str(route->method, strlen(route->method)), method))
            continue;
        if (path_matches(route->pattern, path))
            return route;
    }
    return NULL;
}
