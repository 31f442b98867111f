#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "pellucid/buf.h"

void pel_buf_init(struct pel_buf *b)
{
    *b = (struct pel_buf){NULL, 0, 0};
}

void pel_buf_fini(struct pel_buf *b)
{
    free(b->p);
    pel_buf_init(b);
}

char *pel_buf_reserve(struct pel_buf *b, size_t extra)
{
    size_t want = b->len + extra;
    size_t cap = b->cap ? b->cap : 256;

    PEL_ASSERT(want >= b->len);
    if (want <= b->cap)
        return b->p + b->len;
    while (cap < want)
        cap += cap / 2 + 64;
    b->p = realloc(b->p, cap);
    PEL_ASSERT(b->p != NULL);
    b->cap = cap;
    return b->p + b->len;
}

void pel_buf_add(struct pel_buf *b, const void *p, size_t len)
{
    if (len == 0)
        return;
    memcpy(pel_buf_reserve(b, len), p, len);
    b->len += len;
}

void pel_buf_addf(struct pel_buf *b, const char *fmt, ...)
{
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    PEL_ASSERT(len >= 0);
    pel_buf_reserve(b, (size_t)len + 1);
    va_start(ap, fmt);
    vsnprintf(b->p + b->len, (size_t)len + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)len;
}

void pel_buf_drop(struct pel_buf *b, size_t n)
{
    PEL_ASSERT(n <= b->len);
    b->len -= n;
    if (b->len)
        memmove(b->p, b->p + n, b->len);
}
