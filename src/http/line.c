#include "http/parser.h"
#include "http/syntax.h"
#include "pellucid/conf.h"

/* Longer than any method in use; RFC 9112 3 wants 501 for longer ones. */
#define METHOD_MAX 64

static const char version_text[] = "HTTP/x.y\r\n";

/* Bytes of the class from *used on are taken; false when the bytes ended first. */
static bool skip_class(struct pel_str bytes, size_t *used, uint8_t class)
{
    *used += pel_syntax_span(pel_str(bytes.p + *used, bytes.len - *used), class);
    return *used < bytes.len;
}

static enum pel_http_result read_method(struct pel_http_parser *p, struct pel_str bytes,
                                        size_t *used)
{
    bool has_end = skip_class(bytes, used, PEL_SYNTAX_TOKEN);

    p->method_len = p->at + (uint32_t)*used;
    if (p->method_len > METHOD_MAX)
        return pel_http_fail(p, 501, "method too long");
    if (!has_end)
        return PEL_HTTP_MORE;
    if (bytes.p[*used] != ' ' || p->method_len == 0)
        return pel_http_fail(p, 400, "malformed method");
    ++*used;
    p->phase = PEL_PHASE_TARGET;
    return PEL_HTTP_MORE;
}

static enum pel_http_result read_target(struct pel_http_parser *p, struct pel_str bytes,
                                        size_t *used)
{
    bool has_end = skip_class(bytes, used, PEL_SYNTAX_TARGET);

    p->target_len = p->at + (uint32_t)*used - p->method_len - 1;
    if (!has_end)
        return PEL_HTTP_MORE;
    if (bytes.p[*used] != ' ' || p->target_len == 0)
        return pel_http_fail(p, 400, "malformed request target");
    ++*used;
    p->phase = PEL_PHASE_VERSION;
    return PEL_HTTP_MORE;
}

static bool is_version_byte(struct pel_http_parser *p, size_t at, char c)
{
    if (version_text[at] != 'x' && version_text[at] != 'y')
        return c == version_text[at];
    if (!pel_syntax_is_digit(c))
        return false;
    if (version_text[at] == 'x')
        p->major = (uint8_t)(c - '0');
    else
        p->minor = (uint8_t)(c - '0');
    return true;
}

static enum pel_http_result read_version(struct pel_http_parser *p, struct pel_str bytes,
                                         size_t *used)
{
    size_t at = p->at + *used - p->method_len - p->target_len - 2;

    for (; *used < bytes.len && at < sizeof(version_text) - 1; ++*used, at++) {
        if (!is_version_byte(p, at, bytes.p[*used]))
            return pel_http_fail(p, 400, "malformed HTTP version");
    }
    if (at < sizeof(version_text) - 1)
        return PEL_HTTP_MORE;
    if (p->major != 1)
        return pel_http_fail(p, 505, "unsupported HTTP version");
    pel_http_prime(p, false);
    p->phase = PEL_PHASE_FIELDS;
    return PEL_HTTP_MORE;
}

enum pel_http_result pel_http_line_feed(struct pel_http_parser *p, struct pel_str bytes,
                                        size_t *used)
{
    int64_t max_len = p->conf->http_max_request_line_bytes + 2;
    struct pel_str line = bytes;
    enum pel_http_result r = PEL_HTTP_MORE;

    if (max_len > p->conf->http_max_header_size_bytes)
        max_len = p->conf->http_max_header_size_bytes;
    if (line.len > (size_t)max_len - p->at)
        line.len = (size_t)max_len - p->at;
    if (p->phase == PEL_PHASE_METHOD)
        r = read_method(p, line, used);
    if (p->phase == PEL_PHASE_TARGET)
        r = read_target(p, line, used);
    if (p->phase == PEL_PHASE_VERSION)
        r = read_version(p, line, used);
    if (r == PEL_HTTP_MORE && p->phase != PEL_PHASE_FIELDS && line.len < bytes.len)
        return pel_http_fail(p, 414, "request line too long");
    return r;
}
