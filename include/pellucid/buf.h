/*
 * buf - a byte buffer that grows.
 *
 * Owner: whoever holds the struct; one thread at a time. Growth aborts when the machine has no
 * memory left. Bounded by its user, never by itself.
 */
#ifndef PELLUCID_BUF_H
#define PELLUCID_BUF_H

#include "pellucid/base.h"

struct pel_buf {
    char *p; /* owned; NULL while cap is 0 */
    size_t len, cap;
};

void pel_buf_init(struct pel_buf *b);
void pel_buf_fini(struct pel_buf *b); /* frees; as after init */
static inline void pel_buf_clear(struct pel_buf *b)
{
    b->len = 0;
}

/* Makes room for at least extra bytes behind len and returns where they begin. */
char *pel_buf_reserve(struct pel_buf *b, size_t extra);
void pel_buf_add(struct pel_buf *b, const void *p, size_t len);
static inline void pel_buf_add_str(struct pel_buf *b, struct pel_str s)
{
    pel_buf_add(b, s.p, s.len);
}
void pel_buf_addf(struct pel_buf *b, const char *fmt, ...) PEL_PRINTF(2, 3);

/* Drops n bytes at the front. */
void pel_buf_drop(struct pel_buf *b, size_t n);

#endif
