#include "pellucid/redact.h"

#include "http/syntax.h"
#include "pellucid/put.h"

#define REDACTED PEL_STR("REDACTED")

static const char *const secret_keys[] = {
    "X-Amz-Signature",  "X-Amz-Credential", "X-Amz-Security-Token",
    "AWSAccessKeyId",   "Signature",        "sig",
    "X-Goog-Signature",
};

/* Takes the next byte off a key, as apps decode it: what is no encoding stays as it is. */
static char take_byte(struct pel_str *key)
{
    char c = key->p[0];
    int high = c == '%' && key->len > 2 ? pel_syntax_hex(key->p[1]) : -1;
    int low = high >= 0 ? pel_syntax_hex(key->p[2]) : -1;
    size_t len = low >= 0 ? 3 : 1;

    *key = pel_str(key->p + len, key->len - len);
    if (low >= 0)
        return (char)(high << 4 | low);
    return c == '+' ? ' ' : c;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool is_name(struct pel_str key, const char *name, bool is_any_case)
{
    for (; key.len && *name; name++) {
        char c = take_byte(&key);

        if (c != *name && !(is_any_case && lower(c) == lower(*name)))
            return false;
    }
    return key.len == 0 && !*name;
}

static bool is_secret(const struct pel_strings *names, struct pel_str key)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(secret_keys); i++)
        if (is_name(key, secret_keys[i], false))
            return true;
    for (size_t i = 0; i < names->n; i++)
        if (is_name(key, names->items[i], true))
            return true;
    return false;
}

/* "key=value", up to "&" or the end. */
struct parameter {
    size_t len, key_len;
    bool is_secret;
};

static struct parameter read_parameter(const struct pel_strings *names, struct pel_str rest)
{
    const char *amp = memchr(rest.p, '&', rest.len);
    size_t len = amp ? (size_t)(amp - rest.p) : rest.len;
    const char *equals = memchr(rest.p, '=', len);
    size_t key_len = equals ? (size_t)(equals - rest.p) : len;

    return (struct parameter){len, key_len,
                              .is_secret = equals && is_secret(names, pel_str(rest.p, key_len))};
}

static struct pel_str behind(struct pel_str query, size_t at)
{
    return pel_str(query.p + at, query.len - at);
}

static size_t count_secrets(const struct pel_strings *names, struct pel_str query)
{
    size_t n = 0;

    for (size_t i = 0; i < query.len;) {
        struct parameter parameter = read_parameter(names, behind(query, i));

        n += parameter.is_secret;
        i += parameter.len + 1;
    }
    return n;
}

struct pel_str pel_redact_query(const struct pel_strings *names, struct pel_str query,
                                struct pel_arena *arena)
{
    size_t n = count_secrets(names, query);
    char *text, *at;

    if (PEL_LIKELY(n == 0))
        return query;
    at = text = pel_arena_alloc(arena, query.len + n * REDACTED.len);
    for (size_t i = 0; i < query.len;) {
        struct pel_str rest = behind(query, i);
        struct parameter parameter = read_parameter(names, rest);

        if (i)
            *at++ = '&';
        if (parameter.is_secret) {
            at = pel_put(at, pel_str(rest.p, parameter.key_len + 1));
            at = pel_put(at, REDACTED);
        } else {
            at = pel_put(at, pel_str(rest.p, parameter.len));
        }
        i += parameter.len + 1;
    }
    return pel_str(text, (size_t)(at - text));
}

struct pel_str pel_redact_url(const struct pel_strings *names, struct pel_str url,
                              struct pel_arena *arena)
{
    const char *mark = url.len ? memchr(url.p, '?', url.len) : NULL;
    struct pel_str query, shown;
    size_t head_len;
    char *text;

    if (PEL_LIKELY(!mark))
        return url;
    head_len = (size_t)(mark + 1 - url.p);
    query = behind(url, head_len);
    shown = pel_redact_query(names, query, arena);
    if (shown.p == query.p)
        return url;
    text = pel_arena_alloc(arena, head_len + shown.len);
    pel_put(pel_put(text, pel_str(url.p, head_len)), shown);
    return pel_str(text, head_len + shown.len);
}
