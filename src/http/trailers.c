#include "http/parser.h"

/*
 * RFC 9110 6.5.1: what concerns framing, routing, authentication, request modifiers or the meaning
 * of the content must not come from trailers, where an app would take it for what the head said.
 * No field that the server itself knows may; these are the others.
 */
static const struct pel_str refused[] = {
    {"accept-charset", 14},
    {"content-disposition", 19},
    {"content-language", 16},
    {"content-location", 16},
    {"content-range", 13},
    {"if-match", 8},
    {"if-range", 8},
    {"if-unmodified-since", 19},
    {"max-forwards", 12},
    {"pragma", 6},
    {"proxy-authenticate", 18},
    {"proxy-authorization", 19},
    {"set-cookie", 10},
    {"www-authenticate", 16},
    {"x-http-method-override", 22},
    {"x-original-url", 14},
    {"x-real-ip", 9},
    {"x-rewrite-url", 13},
};

static bool may_merge(const struct pel_header *h)
{
    if (h->id != PEL_HEADER_OTHER)
        return false;
    for (size_t i = 0; i < PEL_ARRAY_LEN(refused); i++) {
        if (pel_str_eq(h->name, refused[i]))
            return false;
    }
    return true;
}

void pel_http_trailers_build(struct pel_http_parser *p)
{
    struct pel_header *trailers = pel_arena_alloc(p->arena, p->n_spans * sizeof(*trailers));
    size_t n = 0;

    for (size_t i = 0; i < p->n_spans; i++) {
        if (pel_http_fields_take(p, i, &trailers[n]) && may_merge(&trailers[n]))
            n++;
    }
    p->trailers = trailers;
    p->n_trailers = n;
}
