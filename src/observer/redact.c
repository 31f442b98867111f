#include "redact.h"

#define REDACTED "REDACTED"

static const char *const secret_keys[] = {
    "X-Amz-Signature",  "X-Amz-Credential", "X-Amz-Security-Token",
    "AWSAccessKeyId",   "Signature",        "sig",
    "X-Goog-Signature",
};

static bool is_secret(struct pel_str key)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(secret_keys); i++)
        if (pel_str_eq(key, pel_str(secret_keys[i], strlen(secret_keys[i]))))
            return true;
    return false;
}

/* The parameter that begins at p: its length, up to "&" or the end, and that of its key. */
static size_t parameter_len(const char *p, size_t len, size_t *key_len)
{
    const char *amp = memchr(p, '&', len);
    size_t n = amp ? (size_t)(amp - p) : len;
    const char *equals = memchr(p, '=', n);

    *key_len = equals ? (size_t)(equals - p) : n;
    return n;
}

static bool has_secret(struct pel_str query)
{
    for (size_t i = 0, key_len; i < query.len;) {
        size_t n = parameter_len(query.p + i, query.len - i, &key_len);

        if (key_len < n && is_secret(pel_str(query.p + i, key_len)))
            return true;
        i += n + 1;
    }
    return false;
}

struct pel_str pel_redact_query(struct pel_arena *a, struct pel_str query)
{
    char *out, *p;

    if (!has_secret(query))
        return query;
    p = out = pel_arena_alloc(a, query.len * sizeof(REDACTED));
    for (size_t i = 0, key_len; i < query.len;) {
        size_t n = parameter_len(query.p + i, query.len - i, &key_len);
        bool hides = key_len < n && is_secret(pel_str(query.p + i, key_len));
        size_t kept = hides ? key_len + 1 : n;

        if (i)
            *p++ = '&';
        memcpy(p, query.p + i, kept);
        p += kept;
        if (hides) {
            memcpy(p, REDACTED, strlen(REDACTED));
            p += strlen(REDACTED);
        }
        i += n + 1;
    }
    return pel_str(out, (size_t)(p - out));
}
