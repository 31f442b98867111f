#include "http/parser.h"
#include "http/syntax.h"
#include "pellucid/conf.h"

#define SPANS_MIN 16
#define TEXT_MIN 512

void pel_http_fields_start(struct pel_http_parser *p)
{
    p->text = NULL;
    p->text_cap = 0;
    p->at = 0;
    p->fed = NULL;
    p->spans = NULL;
    p->n_spans = p->spans_cap = 0;
}

static struct pel_http_span *add_span(struct pel_http_parser *p)
{
    uint32_t cap = p->spans_cap ? p->spans_cap * 2 : SPANS_MIN;
    struct pel_http_span *spans;

    if (p->n_spans == p->spans_cap) {
        spans = pel_arena_alloc(p->arena, cap * sizeof(*spans));
        if (p->n_spans)
            memcpy(spans, p->spans, p->n_spans * sizeof(*spans));
        p->spans = spans;
        p->spans_cap = cap;
    }
    p->spans[p->n_spans] = (struct pel_http_span){0};
    return &p->spans[p->n_spans++];
}

/* A name comes in as many pieces as feeds it was spread over; they adjoin. */
static int on_name(llhttp_t *llhttp, const char *bytes, size_t len)
{
    struct pel_http_parser *p = llhttp->data;
    uint32_t at = p->at + (uint32_t)(bytes - p->fed);
    struct pel_http_span *s = p->n_spans ? &p->spans[p->n_spans - 1] : NULL;

    if (!s || s->name + s->name_len != at) {
        s = add_span(p);
        s->name = at;
    }
    s->name_len += (uint32_t)len;
    return 0;
}

static int on_value(llhttp_t *llhttp, const char *bytes, size_t len)
{
    struct pel_http_parser *p = llhttp->data;
    uint32_t at = p->at + (uint32_t)(bytes - p->fed);
    struct pel_http_span *s = &p->spans[p->n_spans - 1];

    if (s->value == 0)
        s->value = at;
    s->value_len = at + (uint32_t)len - s->value;
    return 0;
}

/* Counted here, because the place of this call does not depend on how the bytes were split. */
static int on_value_complete(llhttp_t *llhttp)
{
    struct pel_http_parser *p = llhttp->data;

    if (p->n_spans <= (uint64_t)p->conf->http_max_headers)
        return 0;
    pel_http_fail(p, 431, "too many header fields");
    return HPE_USER;
}

static int on_section_end(llhttp_t *llhttp)
{
    return HPE_PAUSED;
}

void pel_http_fields_bind(llhttp_settings_t *settings)
{
    settings->on_header_field = on_name;
    settings->on_header_value = on_value;
    settings->on_header_value_complete = on_value_complete;
    settings->on_headers_complete = on_section_end;
    settings->on_message_complete = on_section_end;
}

enum pel_http_result pel_http_fields_feed(struct pel_http_parser *p, struct pel_str bytes,
                                          size_t *used)
{
    size_t room = (size_t)p->conf->http_max_header_size_bytes - p->at - *used;
    size_t len = bytes.len - *used;
    llhttp_errno_t err;

    if (len == 0)
        return PEL_HTTP_MORE;
    err = llhttp_execute(&p->llhttp, bytes.p + *used, len < room ? len : room);
    if (err == HPE_PAUSED) {
        *used = (size_t)(llhttp_get_error_pos(&p->llhttp) - bytes.p);
        return PEL_HTTP_END;
    }
    if (err != HPE_OK)
        return p->phase == PEL_PHASE_ERROR
                   ? PEL_HTTP_ERROR
                   : pel_http_fail(p, 400, llhttp_get_error_reason(&p->llhttp));
    if (len > room)
        return pel_http_fail(p, 431, "header fields too large");
    *used = bytes.len;
    return PEL_HTTP_MORE;
}

/* Doubles, so that a head that comes byte by byte is not copied at each of them. */
static size_t room_for(const struct pel_http_parser *p, size_t len, bool is_last)
{
    size_t max = (size_t)p->conf->http_max_header_size_bytes;
    size_t room = 2 * len + TEXT_MIN;

    if (room > max)
        room = max;
    return is_last || room < len ? len : room;
}

void pel_http_fields_keep(struct pel_http_parser *p, struct pel_str bytes, bool is_last)
{
    size_t len = p->at + bytes.len;
    char *text;

    if (len > p->text_cap) {
        p->text_cap = (uint32_t)room_for(p, len, is_last);
        text = pel_arena_alloc(p->arena, p->text_cap);
        if (p->at)
            memcpy(text, p->text, p->at);
        p->text = text;
    }
    if (bytes.len)
        memcpy(p->text + p->at, bytes.p, bytes.len);
    p->at = (uint32_t)len;
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))
#define HIGH_BITS EACH(0x80)

/* Eight bytes at once, none of them above 0x7f: adding carries into a byte's high bit when the byte
 * is not below a bound. */
static bool lower_eight(char *at)
{
    uint64_t x, is_upper, is_underscore;

    memcpy(&x, at, sizeof(x));
    is_upper = (x + EACH(0x80 - 'A')) & ~(x + EACH(0x80 - 'Z' - 1)) & HIGH_BITS;
    is_underscore = ~((x ^ EACH('_')) + EACH(0x7f)) & HIGH_BITS;
    x |= is_upper >> 2;
    memcpy(at, &x, sizeof(x));
    return is_underscore != 0;
}

/* name holds token bytes only. True when one is an underscore. */
static bool lower_name(char *name, size_t len)
{
    bool has_underscore = false;
    size_t i = 0;

    if (len >= 8) {
        for (; i + 8 < len; i += 8)
            has_underscore |= lower_eight(name + i);
        /* May overlap: what is lower already stays so. */
        return has_underscore | lower_eight(name + len - 8);
    }
    for (; i < len; i++) {
        if (name[i] >= 'A' && name[i] <= 'Z')
            name[i] |= 0x20;
        has_underscore |= name[i] == '_';
    }
    return has_underscore;
}

bool pel_http_fields_take(struct pel_http_parser *p, size_t i, struct pel_header *out)
{
    const struct pel_http_span *s = &p->spans[i];
    char *name = p->text + s->name;

    if (lower_name(name, s->name_len))
        return false;
    out->name = pel_str(name, s->name_len);
    out->value = pel_syntax_trim(pel_str(p->text + s->value, s->value_len));
    out->id = pel_header_lookup(out->name);
    return true;
}
