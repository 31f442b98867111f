#include "http/parser.h"
#include "pellucid/conf.h"

/* A chunk's framing is taken as it comes up to FRAMING_FREE bytes; beyond it, twice the data may
 * be spent, and EXCESS_MAX on top. So extensions, leading zeros and tiny chunks stay bounded. */
#define FRAMING_FREE 16
#define EXCESS_MAX 16384

enum pel_http_result pel_http_length_feed(struct pel_http_parser *p, struct pel_str bytes,
                                          size_t *used)
{
    if (p->left == 0) {
        p->phase = PEL_PHASE_END;
        return PEL_HTTP_END;
    }
    if (bytes.len == 0)
        return PEL_HTTP_MORE;
    *used = bytes.len < p->left ? bytes.len : (size_t)p->left;
    p->body = pel_str(bytes.p, *used);
    p->left -= *used;
    return PEL_HTTP_BODY;
}

static int on_body(llhttp_t *llhttp, const char *bytes, size_t len)
{
    struct pel_http_parser *p = llhttp->data;

    p->body = pel_str(bytes, len);
    return HPE_PAUSED;
}

static int on_chunk_header(llhttp_t *llhttp)
{
    return HPE_PAUSED;
}

void pel_http_chunked_bind(llhttp_settings_t *settings)
{
    settings->on_body = on_body;
    settings->on_chunk_header = on_chunk_header;
}

void pel_http_chunked_start(struct pel_http_parser *p)
{
    pel_http_prime(p, true);
    p->phase = PEL_PHASE_CHUNKED;
    p->body_len = 0;
    p->chunk_len = p->excess = 0;
}

/* A size line is complete; llhttp stands right behind it. */
static enum pel_http_result begin_chunk(struct pel_http_parser *p)
{
    uint64_t size = p->llhttp.content_length;
    uint64_t max = p->conf->http_max_body_size_bytes ? (uint64_t)p->conf->http_max_body_size_bytes
                                                     : (uint64_t)INT64_MAX;

    p->excess += p->chunk_len;
    p->excess = p->excess > FRAMING_FREE ? p->excess - FRAMING_FREE : 0;
    p->chunk_len = 0;
    if (size > max - p->body_len)
        return pel_http_fail(p, 413, "body too large");
    p->body_len += size;
    p->excess -= size < p->excess / 2 ? size * 2 : p->excess;
    if (size == 0) {
        p->phase = PEL_PHASE_TRAILERS;
        pel_http_fields_start(p);
    }
    return PEL_HTTP_MORE;
}

/* One run of llhttp: to the end of a size line, of a piece of data, or of the bytes. */
static enum pel_http_result run(struct pel_http_parser *p, struct pel_str bytes, size_t *used)
{
    llhttp_errno_t err = llhttp_execute(&p->llhttp, bytes.p, bytes.len);

    if (err != HPE_OK && err != HPE_PAUSED)
        return pel_http_fail(p, 400, llhttp_get_error_reason(&p->llhttp));
    *used = err == HPE_OK ? bytes.len : (size_t)(llhttp_get_error_pos(&p->llhttp) - bytes.p);
    llhttp_resume(&p->llhttp);
    if (p->body.len)
        return PEL_HTTP_BODY;
    p->chunk_len += *used;
    if (p->excess + p->chunk_len > EXCESS_MAX + FRAMING_FREE)
        return pel_http_fail(p, 400, "too much chunk framing");
    return err == HPE_PAUSED ? begin_chunk(p) : PEL_HTTP_MORE;
}

enum pel_http_result pel_http_chunked_feed(struct pel_http_parser *p, struct pel_str bytes,
                                           size_t *used)
{
    enum pel_http_result r = PEL_HTTP_MORE;
    size_t n;

    p->body = PEL_STR_NONE;
    while (r == PEL_HTTP_MORE && p->phase == PEL_PHASE_CHUNKED && *used < bytes.len) {
        n = 0;
        r = run(p, pel_str(bytes.p + *used, bytes.len - *used), &n);
        *used += n;
    }
    return r;
}
