#include <pthread.h>
#include <stdlib.h>

#include "http/parser.h"
#include "pellucid/conf.h"
#include "pellucid/mem.h"

/* Bytes of empty lines before a request; RFC 9112 2.2 asks for at least one line. */
#define IDLE_MAX 64

static struct {
    pthread_once_t once;
    llhttp_settings_t head_settings, chunked_settings;
    llhttp_t head, chunked;
} primed = {.once = PTHREAD_ONCE_INIT};

static void prime(void)
{
    static const char line[] = "POST / HTTP/1.1\r\n";
    static const char chunked[] = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";

    llhttp_settings_init(&primed.head_settings);
    llhttp_init(&primed.head, HTTP_REQUEST, &primed.head_settings);
    PEL_ASSERT(llhttp_execute(&primed.head, line, sizeof(line) - 1) == HPE_OK);
    llhttp_settings_init(&primed.chunked_settings);
    llhttp_init(&primed.chunked, HTTP_REQUEST, &primed.chunked_settings);
    PEL_ASSERT(llhttp_execute(&primed.chunked, chunked, sizeof(chunked) - 1) == HPE_OK);
    pel_http_fields_bind(&primed.head_settings);
    pel_http_fields_bind(&primed.chunked_settings);
    pel_http_chunked_bind(&primed.chunked_settings);
}

void pel_http_prime(struct pel_http_parser *p, bool is_chunked)
{
    p->llhttp = is_chunked ? primed.chunked : primed.head;
    p->llhttp.data = p;
}

struct pel_http_parser *pel_http_parser_new(const struct pel_conf *conf)
{
    struct pel_http_parser *p = pel_mem_new(1, sizeof(*p));

    PEL_ASSERT(pthread_once(&primed.once, prime) == 0);
    p->conf = conf;
    p->phase = PEL_PHASE_END;
    return p;
}

void pel_http_parser_free(struct pel_http_parser *p)
{
    free(p);
}

void pel_http_parser_start(struct pel_http_parser *p, struct pel_arena *arena)
{
    p->arena = arena;
    p->head = NULL;
    p->phase = PEL_PHASE_IDLE;
    p->has_cr = false;
    p->idle_len = 0;
    p->method_len = p->target_len = 0;
    p->major = p->minor = 1;
    p->body = PEL_STR_NONE;
    p->trailers = NULL;
    p->n_trailers = 0;
    pel_http_fields_start(p);
}

enum pel_http_result pel_http_fail(struct pel_http_parser *p, uint16_t status, const char *reason)
{
    p->phase = PEL_PHASE_ERROR;
    p->status = status;
    p->reason = reason;
    return PEL_HTTP_ERROR;
}

/* Skips CRLFs; the phase is METHOD once another byte is seen. */
static enum pel_http_result skip_empty_lines(struct pel_http_parser *p, struct pel_str bytes,
                                             size_t *used)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.p[i] != (p->has_cr ? '\n' : '\r')) {
            if (p->has_cr)
                return pel_http_fail(p, 400, "bare CR before the request");
            p->phase = PEL_PHASE_METHOD;
            *used = i;
            return PEL_HTTP_MORE;
        }
        p->has_cr = !p->has_cr;
        if (++p->idle_len > IDLE_MAX)
            return pel_http_fail(p, 400, "too many empty lines before the request");
    }
    *used = bytes.len;
    return PEL_HTTP_MORE;
}

static enum pel_http_result feed_head(struct pel_http_parser *p, struct pel_str bytes, size_t *used)
{
    enum pel_http_result r = PEL_HTTP_MORE;
    size_t n = 0;

    p->fed = bytes.p;
    if (p->phase != PEL_PHASE_FIELDS)
        r = pel_http_line_feed(p, bytes, &n);
    if (p->phase == PEL_PHASE_FIELDS)
        r = pel_http_fields_feed(p, bytes, &n);
    *used = n;
    /* After an error too: pel_http_parser_line. */
    pel_http_fields_keep(p, pel_str(bytes.p, n), r != PEL_HTTP_MORE);
    return r == PEL_HTTP_END ? pel_http_head_build(p) : r;
}

static enum pel_http_result feed_trailers(struct pel_http_parser *p, struct pel_str bytes,
                                          size_t *used)
{
    enum pel_http_result r;
    size_t n = 0;

    p->fed = bytes.p;
    r = pel_http_fields_feed(p, bytes, &n);
    *used = n;
    if (r == PEL_HTTP_ERROR)
        return r;
    pel_http_fields_keep(p, pel_str(bytes.p, n), r == PEL_HTTP_END);
    if (r == PEL_HTTP_END) {
        pel_http_trailers_build(p);
        p->phase = PEL_PHASE_END;
    }
    return r;
}

static enum pel_http_result feed_phase(struct pel_http_parser *p, struct pel_str bytes,
                                       size_t *used)
{
    switch (p->phase) {
    case PEL_PHASE_IDLE:
        return skip_empty_lines(p, bytes, used);
    case PEL_PHASE_METHOD:
    case PEL_PHASE_TARGET:
    case PEL_PHASE_VERSION:
    case PEL_PHASE_FIELDS:
        return feed_head(p, bytes, used);
    case PEL_PHASE_LENGTH:
        return pel_http_length_feed(p, bytes, used);
    case PEL_PHASE_CHUNKED:
        return pel_http_chunked_feed(p, bytes, used);
    case PEL_PHASE_TRAILERS:
        return feed_trailers(p, bytes, used);
    case PEL_PHASE_END:
        return PEL_HTTP_END;
    case PEL_PHASE_ERROR:
        return PEL_HTTP_ERROR;
    }
    PEL_UNREACHABLE("phase");
}

enum pel_http_result pel_http_parser_feed(struct pel_http_parser *p, const char *bytes, size_t len,
                                          size_t *consumed)
{
    struct pel_str rest = len ? pel_str(bytes, len) : PEL_STR("");
    enum pel_http_result r;
    size_t used = 0;

    /* MORE with bytes left means that the phase has changed. */
    do {
        used = 0;
        r = feed_phase(p, rest, &used);
        rest = pel_str(rest.p + used, rest.len - used);
    } while (r == PEL_HTTP_MORE && rest.len > 0);
    *consumed = len - rest.len;
    return r;
}

bool pel_http_parser_is_started(const struct pel_http_parser *p)
{
    return p->phase != PEL_PHASE_IDLE;
}

const struct pel_head *pel_http_parser_head(const struct pel_http_parser *p)
{
    return p->head;
}

struct pel_str pel_http_parser_body(const struct pel_http_parser *p)
{
    return p->body;
}

int pel_http_parser_error(const struct pel_http_parser *p, const char **reason)
{
    PEL_ASSERT(p->phase == PEL_PHASE_ERROR);
    *reason = p->reason;
    return p->status;
}

uint8_t pel_http_parser_line(const struct pel_http_parser *p, struct pel_str *method,
                             struct pel_str *target)
{
    uint32_t target_at = p->method_len + 1, target_end = target_at + p->target_len;

    *method = p->head ? p->head->method : PEL_STR("");
    *target = p->head ? p->head->target : PEL_STR("");
    if (!p->head && p->method_len && p->at >= target_at) {
        *method = pel_str(p->text, p->method_len);
        if (p->at >= target_end)
            *target = pel_str(p->text + target_at, p->target_len);
    }
    *target = pel_http_target_show(*target, p->head || p->at > target_end, p->arena);
    return p->minor > 0 || p->major != 1;
}

const struct pel_header *pel_http_parser_trailers(const struct pel_http_parser *p, size_t *n)
{
    *n = p->n_trailers;
    return p->trailers;
}
