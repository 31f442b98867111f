/*
 * transcript - what the parser makes of a stream of requests, as text that can be compared: heads
 * field by field, bodies joined, ends with their trailers, errors with their status. However the
 * bytes were split, the transcript must be the same. Used by unit tests and fuzzers.
 */
#ifndef PELLUCID_TESTS_TRANSCRIPT_H
#define PELLUCID_TESTS_TRANSCRIPT_H

#include <stdlib.h>

#include "pellucid/conf.h"
#include "pellucid/http.h"

struct transcript {
    struct pel_buf text, body;
    struct pel_arena arena;
    struct pel_http_parser *parser;
    bool is_over; /* after an error */
};

static inline void transcript_init(struct transcript *t, const struct pel_conf *conf)
{
    pel_buf_init(&t->text);
    pel_buf_init(&t->body);
    pel_arena_init(&t->arena);
    t->is_over = false;
    t->parser = pel_http_parser_new(conf);
    pel_http_parser_start(t->parser, &t->arena);
}

static inline void transcript_fini(struct transcript *t)
{
    pel_http_parser_free(t->parser);
    pel_arena_reset(&t->arena);
    pel_buf_fini(&t->body);
    pel_buf_fini(&t->text);
}

static inline void transcript_add(struct transcript *t, const char *label, struct pel_str s)
{
    pel_buf_addf(&t->text, "%s[", label);
    pel_buf_add_str(&t->text, s);
    pel_buf_add(&t->text, "]", 1);
}

static inline void transcript_headers(struct transcript *t, const struct pel_header *h, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        PEL_ASSERT(h[i].id == pel_header_lookup(h[i].name));
        transcript_add(t, "", h[i].name);
        transcript_add(t, "=", h[i].value);
    }
}

static inline void transcript_head(struct transcript *t)
{
    const struct pel_head *h = pel_http_parser_head(t->parser);

    transcript_add(t, "", h->method);
    transcript_add(t, " ", h->path);
    transcript_add(t, "?", h->query);
    pel_buf_addf(&t->text, " 1.%d", h->version_minor);
    if (h->has_body)
        pel_buf_addf(&t->text, h->is_chunked ? " chunked" : " length=%lld",
                     (long long)h->content_length);
    pel_buf_addf(&t->text, "%s%s%s%s ", h->keep_alive ? " keep" : " close",
                 h->expects_continue ? " expect" : "", h->wants_upgrade ? " upgrade" : "",
                 h->is_head ? " head" : "");
    transcript_headers(t, h->headers, h->n_headers);
    pel_buf_add(&t->text, "\n", 1);
}

static inline void transcript_end(struct transcript *t)
{
    size_t n;
    const struct pel_header *trailers = pel_http_parser_trailers(t->parser, &n);

    transcript_add(t, "body", pel_str(t->body.p, t->body.len));
    transcript_headers(t, trailers, n);
    pel_buf_add(&t->text, "\n", 1);
    pel_buf_clear(&t->body);
    pel_arena_reset(&t->arena);
    pel_http_parser_start(t->parser, &t->arena);
}

static inline void transcript_result(struct transcript *t, enum pel_http_result r)
{
    const char *reason;

    switch (r) {
    case PEL_HTTP_MORE:
        break;
    case PEL_HTTP_HEAD:
        transcript_head(t);
        break;
    case PEL_HTTP_BODY:
        PEL_ASSERT(pel_http_parser_body(t->parser).len > 0);
        pel_buf_add_str(&t->body, pel_http_parser_body(t->parser));
        break;
    case PEL_HTTP_END:
        transcript_end(t);
        break;
    case PEL_HTTP_ERROR:
        pel_buf_addf(&t->text, "error %d\n", pel_http_parser_error(t->parser, &reason));
        PEL_ASSERT(reason && reason[0]);
        t->is_over = true;
        break;
    }
}

/* Feeds one read's worth of bytes, from a copy of exactly their size (for ASan). */
static inline void transcript_feed(struct transcript *t, const char *bytes, size_t len)
{
    enum pel_http_result r = PEL_HTTP_HEAD;
    char *copy = malloc(len ? len : 1);
    size_t used, at = 0;

    PEL_ASSERT(copy != NULL);
    if (len)
        memcpy(copy, bytes, len);
    while (!t->is_over && (at < len || r == PEL_HTTP_HEAD || r == PEL_HTTP_BODY)) {
        r = pel_http_parser_feed(t->parser, copy + at, len - at, &used);
        PEL_ASSERT(used <= len - at);
        PEL_ASSERT(r != PEL_HTTP_MORE || used == len - at);
        at += used;
        transcript_result(t, r);
    }
    free(copy);
}

#endif
