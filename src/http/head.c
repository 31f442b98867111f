#include "http/parser.h"
#include "http/syntax.h"
#include "pellucid/conf.h"

/* What the fields say, before it is judged as a whole. */
struct facts {
    struct pel_header *host;
    unsigned n_host, n_content_length, n_transfer_encoding;
    struct pel_str content_length, transfer_encoding;
    bool has_close, has_keep_alive, has_upgrade_option, has_upgrade;
    bool expects_continue, expects_other;
};

static void note_connection(struct facts *f, struct pel_str value)
{
    struct pel_str option;

    while (pel_syntax_next_member(&value, &option)) {
        f->has_close |= pel_str_ieq(option, PEL_STR("close"));
        f->has_keep_alive |= pel_str_ieq(option, PEL_STR("keep-alive"));
        f->has_upgrade_option |= pel_str_ieq(option, PEL_STR("upgrade"));
    }
}

static void note_expect(struct facts *f, struct pel_str value)
{
    struct pel_str expectation;

    while (pel_syntax_next_member(&value, &expectation)) {
        if (pel_str_ieq(expectation, PEL_STR("100-continue")))
            f->expects_continue = true;
        else
            f->expects_other = true;
    }
}

static void note(struct facts *f, struct pel_header *h)
{
    switch (h->id) {
    case PEL_HEADER_HOST:
        f->host = h;
        f->n_host++;
        break;
    case PEL_HEADER_CONTENT_LENGTH:
        f->content_length = h->value;
        f->n_content_length++;
        break;
    case PEL_HEADER_TRANSFER_ENCODING:
        f->transfer_encoding = h->value;
        f->n_transfer_encoding++;
        break;
    case PEL_HEADER_CONNECTION:
        note_connection(f, h->value);
        break;
    case PEL_HEADER_EXPECT:
        note_expect(f, h->value);
        break;
    case PEL_HEADER_UPGRADE:
        f->has_upgrade = true;
        break;
    default:
        break;
    }
}

static void take_fields(struct pel_http_parser *p, struct pel_head *head, struct facts *f)
{
    /* One more: a Host may have to be added. */
    head->headers = pel_arena_alloc(p->arena, (p->n_spans + 1) * sizeof(*head->headers));
    for (size_t i = 0; i < p->n_spans; i++) {
        struct pel_header *h = &head->headers[head->n_headers];

        if (!pel_http_fields_take(p, i, h))
            continue;
        head->n_headers++;
        head->known |= PEL_HEADER_BIT(h->id);
        note(f, h);
    }
}

/* RFC 9112 6.3, without its leniencies. NULL, or what is wrong. */
static const char *check_framing(struct pel_head *head, const struct facts *f)
{
    head->content_length = -1;
    if (f->n_transfer_encoding) {
        if (head->version_minor == 0)
            return "Transfer-Encoding in HTTP/1.0";
        if (f->n_content_length)
            return "both Content-Length and Transfer-Encoding";
        if (f->n_transfer_encoding > 1 || !pel_str_ieq(f->transfer_encoding, PEL_STR("chunked")))
            return "unknown transfer coding";
        head->is_chunked = true;
    } else if (f->n_content_length) {
        head->content_length = pel_syntax_number(f->content_length);
        if (f->n_content_length > 1 || head->content_length < 0)
            return "malformed or repeated Content-Length";
    }
    head->has_body = head->is_chunked || head->content_length > 0;
    return NULL;
}

/* RFC 9112 3.2: exactly one well-formed Host in HTTP/1.1, at most one in HTTP/1.0. */
static const char *check_host(const struct pel_head *head, const struct facts *f)
{
    struct pel_authority authority;

    if (f->n_host > 1)
        return "more than one Host";
    if (f->n_host == 0)
        return head->version_minor ? "no Host" : NULL;
    return pel_syntax_authority(f->host->value, &authority) ? NULL : "malformed Host";
}

/* There is room for one that is missing: take_fields. */
static void set_host(struct pel_head *head, struct pel_str host)
{
    struct pel_header *h = head->headers, *end = h + head->n_headers;

    while (h < end && h->id != PEL_HEADER_HOST)
        h++;
    if (h == end) {
        head->n_headers++;
        h->name = pel_header_name(PEL_HEADER_HOST);
        h->id = PEL_HEADER_HOST;
        head->known |= PEL_HEADER_BIT(PEL_HEADER_HOST);
    }
    h->value = host;
}

void pel_http_parser_set_host(struct pel_http_parser *p, struct pel_str host)
{
    set_host(p->head, host);
}

static void decide(struct pel_head *head, const struct facts *f)
{
    bool is_1_1 = head->version_minor > 0;

    head->keep_alive = !f->has_close && (is_1_1 || f->has_keep_alive);
    head->expects_continue = is_1_1 && f->expects_continue && head->has_body;
    head->wants_upgrade = is_1_1 && f->has_upgrade && f->has_upgrade_option;
    head->is_head = pel_str_eq(head->method, PEL_STR("HEAD"));
}

static enum pel_http_result begin_body(struct pel_http_parser *p)
{
    const struct pel_head *head = p->head;
    int64_t max = p->conf->http_max_body_size_bytes;

    if (max && head->content_length > max)
        return pel_http_fail(p, 413, "body too large");
    if (head->is_chunked) {
        pel_http_chunked_start(p);
    } else {
        p->phase = PEL_PHASE_LENGTH;
        p->left = head->content_length > 0 ? (uint64_t)head->content_length : 0;
    }
    return PEL_HTTP_HEAD;
}

enum pel_http_result pel_http_head_build(struct pel_http_parser *p)
{
    struct pel_head *head = pel_arena_alloc(p->arena, sizeof(*head));
    struct facts f = {.host = NULL};
    struct pel_str authority;
    const char *why;
    int status;

    *head = (struct pel_head){.version_minor = p->minor > 0};
    head->method = pel_str(p->text, p->method_len);
    head->target = pel_str(p->text + p->method_len + 1, p->target_len);
    p->head = head;
    take_fields(p, head, &f);
    if ((why = check_framing(head, &f)) || (why = check_host(head, &f)))
        return pel_http_fail(p, 400, why);
    status = pel_http_target_split(head, &authority, &why);
    if (status)
        return pel_http_fail(p, (uint16_t)status, why);
    if (f.expects_other)
        return pel_http_fail(p, 417, "unknown expectation");
    if (authority.p) /* which overrides Host (RFC 9112 3.2.2) */
        set_host(head, authority);
    decide(head, &f);
    return begin_body(p);
}
