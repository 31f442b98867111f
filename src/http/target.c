#include "http/parser.h"
#include "http/syntax.h"
#include "pellucid/put.h"

/* "scheme://" of an absolute-form that an HTTP server can be meant by; its length, or 0. */
static size_t scheme_len(struct pel_str target)
{
    static const struct pel_str schemes[] = {{"http://", 7}, {"https://", 8}};

    for (size_t i = 0; i < PEL_ARRAY_LEN(schemes); i++) {
        if (target.len >= schemes[i].len &&
            pel_str_ieq(pel_str(target.p, schemes[i].len), schemes[i]))
            return schemes[i].len;
    }
    return 0;
}

static void split_query(struct pel_head *head, struct pel_str path)
{
    const char *mark = memchr(path.p, '?', path.len);

    head->path = path;
    head->query = PEL_STR("");
    if (mark) {
        head->path.len = (size_t)(mark - path.p);
        head->query = pel_str(mark + 1, path.len - head->path.len - 1);
    }
}

static size_t authority_len(struct pel_str rest)
{
    size_t len = 0;

    while (len < rest.len && rest.p[len] != '/' && rest.p[len] != '?')
        len++;
    return len;
}

/* RFC 9112 3.2.2. Userinfo is refused (RFC 9110 4.2.4), and so is an empty host (4.2.1). */
static bool split_absolute(struct pel_head *head, struct pel_str *authority)
{
    size_t skip = scheme_len(head->target);
    struct pel_str rest = pel_str(head->target.p + skip, head->target.len - skip);
    struct pel_authority parts;
    size_t len = authority_len(rest);

    *authority = pel_str(rest.p, len);
    head->is_https = skip == sizeof("https://") - 1;
    if (skip == 0 || len == 0 || !pel_syntax_authority(*authority, &parts))
        return false;
    split_query(head, pel_str(rest.p + len, rest.len - len));
    if (head->path.len == 0)
        /* RFC 9112 3.2.4: OPTIONS without path and query is OPTIONS *. */
        head->path = pel_str_eq(head->method, PEL_STR("OPTIONS")) && len == rest.len ? PEL_STR("*")
                                                                                     : PEL_STR("/");
    return true;
}

int pel_http_target_split(struct pel_head *head, struct pel_str *authority, const char **reason)
{
    *authority = PEL_STR_NONE;
    if (pel_str_eq(head->method, PEL_STR("CONNECT"))) {
        *reason = "CONNECT is for proxies";
        return 501;
    }
    if (head->target.p[0] == '/') {
        split_query(head, head->target);
        return 0;
    }
    if (pel_str_eq(head->target, PEL_STR("*")) && pel_str_eq(head->method, PEL_STR("OPTIONS"))) {
        split_query(head, head->target);
        return 0;
    }
    if (split_absolute(head, authority))
        return 0;
    *reason = "malformed request target";
    return 400;
}

/* Where the authority begins in a target of any form, or of none: behind "scheme:" and slashes. */
static size_t find_authority(struct pel_str target)
{
    size_t at = 0;

    while (at < target.len && !memchr(":/?@", target.p[at], 4))
        at++;
    if (target.len - at < 2 || target.p[at] != ':' || target.p[at + 1] != '/')
        return 0;
    at++;
    while (at < target.len && target.p[at] == '/')
        at++;
    return at;
}

/* A password may hold anything, "/" and "?" unencoded, too: where there is no good authority, all
 * up to the last "@" can belong to it, and in a target that was cut off, all that there is. */
struct pel_str pel_http_target_show(struct pel_str target, bool is_whole, struct pel_arena *arena)
{
    size_t skip = find_authority(target);
    struct pel_str rest = pel_str(target.p + skip, target.len - skip);
    size_t len = authority_len(rest);
    struct pel_authority parts;
    const char *sign;
    char *text;

    if (target.len == 0 || target.p[0] == '/')
        return target;
    if ((is_whole || len < rest.len) && pel_syntax_authority(pel_str(rest.p, len), &parts))
        return target;
    if (!is_whole)
        return pel_str(target.p, skip);
    sign = memrchr(rest.p, '@', rest.len);
    if (!sign)
        return target;
    rest = pel_str(sign + 1, rest.len - (size_t)(sign + 1 - rest.p));
    text = pel_arena_alloc(arena, skip + rest.len);
    pel_put(pel_put(text, pel_str(target.p, skip)), rest);
    return pel_str(text, skip + rest.len);
}
