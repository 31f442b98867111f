#include "http/syntax.h"
#include "pellucid/http.h"

/* A media-range with its weight. */
struct range {
    struct pel_str type, version; /* version.p NULL: it names none */
    int q;
};

/* From the least to the most; NONE: the range is not about that type. */
enum specificity { NONE = 0, ANY, GROUP, TYPE, VERSION };

/* The part of rest before the separator, trimmed; rest goes on behind it. */
static struct pel_str take(struct pel_str *rest, char separator)
{
    const char *end = rest->len ? memchr(rest->p, separator, rest->len) : NULL;
    size_t len = end ? (size_t)(end - rest->p) : rest->len;
    struct pel_str part = pel_syntax_trim(pel_str(rest->p, len));

    len += end ? 1 : 0;
    *rest = pel_str(rest->p + len, rest->len - len);
    return part;
}

/* qvalue, RFC 9110 12.4.2: 0 to 1 with three digits at most. -1 when malformed. */
static int parse_q(struct pel_str s)
{
    int q = 0, unit = PEL_ACCEPT_WHOLE;

    if (s.len == 0 || s.len > sizeof("0.000") - 1 || (s.len > 1 && s.p[1] != '.'))
        return -1;
    for (size_t i = 0; i < s.len; i += i == 0 ? 2 : 1, unit /= 10) {
        if (!pel_syntax_is_digit(s.p[i]))
            return -1;
        q += (s.p[i] - '0') * unit;
    }
    return q <= PEL_ACCEPT_WHOLE ? q : -1;
}

static struct pel_str unquote(struct pel_str s)
{
    bool is_quoted = s.len >= 2 && s.p[0] == '"' && s.p[s.len - 1] == '"';

    return is_quoted ? pel_str(s.p + 1, s.len - 2) : s;
}

/* False: the weight is malformed. */
static bool read_range(struct pel_str member, struct range *out)
{
    *out = (struct range){.type = take(&member, ';'), .q = PEL_ACCEPT_WHOLE};
    while (member.len) {
        struct pel_str value = take(&member, ';'), name = take(&value, '=');

        if (pel_str_ieq(name, PEL_STR("q")))
            out->q = parse_q(value);
        else if (pel_str_ieq(name, PEL_STR("version")))
            out->version = unquote(value);
    }
    return out->q >= 0;
}

/* A group's name with a slash and a star. */
static bool is_group_of(struct pel_str range, struct pel_str type)
{
    struct pel_str rest = type;
    size_t len = take(&rest, '/').len + 1;

    return range.len == len + 1 && range.p[len] == '*' &&
           pel_str_ieq(pel_str(range.p, len), pel_str(type.p, len));
}

static enum specificity match(const struct range *r, struct pel_str type, struct pel_str version)
{
    if (r->version.p && !pel_str_ieq(r->version, version))
        return NONE;
    if (pel_str_ieq(r->type, type))
        return r->version.p ? VERSION : TYPE;
    if (is_group_of(r->type, type))
        return GROUP;
    return pel_str_eq(r->type, PEL_STR("*/*")) ? ANY : NONE;
}

struct pel_accept pel_head_accepts(const struct pel_head *head, struct pel_str type,
                                   struct pel_str version)
{
    struct pel_accept found = {.q = 0};
    enum specificity best = NONE;

    for (size_t i = 0; i < head->n_headers; i++) {
        struct pel_str list = head->headers[i].value, member;

        if (head->headers[i].id != PEL_HEADER_ACCEPT)
            continue;
        while (pel_syntax_next_member(&list, &member)) {
            struct range r;
            enum specificity is = read_range(member, &r) ? match(&r, type, version) : NONE;

            if (is == NONE || is < best || (is == best && r.q <= found.q))
                continue;
            found = (struct pel_accept){.q = r.q, .is_named = is >= TYPE};
            best = is;
        }
    }
    return found;
}
