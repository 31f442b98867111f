/*
 * heads - a request head made of the lines of an input: the first byte of a line says which field,
 * the rest is its value. Only what the parser would let through is taken.
 */
#ifndef PELLUCID_FUZZ_HEADS_H
#define PELLUCID_FUZZ_HEADS_H

#include <stdlib.h>

#include "http/syntax.h"
#include "pellucid/http.h"

#define HEADS_MAX 32

struct heads {
    struct pel_head head;
    struct pel_header headers[HEADS_MAX];
    struct pel_arena arena;
};

static inline void heads_add(struct heads *h, enum pel_header_id id, struct pel_str value)
{
    char *copy = malloc(value.len ? value.len : 1);

    PEL_ASSERT(copy != NULL);
    if (value.len)
        memcpy(copy, value.p, value.len);
    h->headers[h->head.n_headers++] =
        (struct pel_header){pel_header_name(id), pel_str(copy, value.len), id};
    h->head.known |= PEL_HEADER_BIT(id);
}

/* ids: the fields that a first byte may choose from. */
static inline void heads_init(struct heads *h, const uint8_t *data, size_t len,
                              const enum pel_header_id *ids, size_t n_ids)
{
    struct pel_str rest = pel_str((const char *)data, len), value;

    h->head = (struct pel_head){.headers = h->headers};
    pel_arena_init(&h->arena);
    while (rest.len && h->head.n_headers < HEADS_MAX) {
        const char *end = memchr(rest.p, '\n', rest.len);
        size_t line_len = end ? (size_t)(end - rest.p) : rest.len;

        value = line_len ? pel_syntax_trim(pel_str(rest.p + 1, line_len - 1)) : PEL_STR("");
        if (line_len && pel_syntax_is_value(value))
            heads_add(h, ids[(unsigned char)rest.p[0] % n_ids], value);
        line_len += end ? 1 : 0;
        rest = pel_str(rest.p + line_len, rest.len - line_len);
    }
}

static inline void heads_fini(struct heads *h)
{
    for (size_t i = 0; i < h->head.n_headers; i++)
        free((char *)h->headers[i].value.p);
    pel_arena_reset(&h->arena);
}

#endif
