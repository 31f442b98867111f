/*
 * wire - protocol buffers written by hand, front to back: what is encoded for every request.
 *
 * Pure functions over room that the caller knows to be enough; running over it is a bug, which is
 * caught. Lengths go before what they count, so they are reckoned first. Messages that are made
 * rarely go through protobuf-c instead (proto/otlp.proto has all of them).
 */
#ifndef PELLUCID_WIRE_H
#define PELLUCID_WIRE_H

#include <endian.h>

#include "pellucid/base.h"
#include "pellucid/utf8.h"

/* A tag: the number of a field (up to 15, so one byte) and how it is written. */
#define PEL_WIRE_VARINT(number) ((uint8_t)((number) << 3))
#define PEL_WIRE_FIXED64(number) ((uint8_t)((number) << 3 | 1))
#define PEL_WIRE_LEN(number) ((uint8_t)((number) << 3 | 2))

struct pel_wire {
    char *p, *end; /* the next byte; the end of the room */
};

static inline void pel_wire_need(const struct pel_wire *w, size_t len)
{
    PEL_ASSERT((size_t)(w->end - w->p) >= len);
}

/* Bytes that n takes. */
static inline size_t pel_wire_varint_len(uint64_t n)
{
    return PEL_LIKELY(n < 0x80) ? 1 : (size_t)(70 - __builtin_clzll(n)) / 7;
}

/* The same of a field with a one-byte tag and len bytes. */
static inline size_t pel_wire_field_len(size_t len)
{
    return 1 + pel_wire_varint_len(len) + len;
}

/* The puts below believe that there is room, and return where the next byte goes. */
static inline char *pel_wire_put_varint(char *p, uint64_t n)
{
    while (PEL_UNLIKELY(n >= 0x80)) {
        *p++ = (char)(n | 0x80);
        n >>= 7;
    }
    *p++ = (char)n;
    return p;
}

static inline char *pel_wire_put_head(char *p, uint8_t tag, size_t len)
{
    *p++ = (char)tag;
    return pel_wire_put_varint(p, len);
}

static inline char *pel_wire_put_fixed64(char *p, uint8_t tag, uint64_t n)
{
    uint64_t little = htole64(n);

    *p++ = (char)tag;
    memcpy(p, &little, sizeof(little));
    return p + sizeof(little);
}

static inline void pel_wire_bytes(struct pel_wire *w, uint8_t tag, const void *p, size_t len)
{
    pel_wire_need(w, pel_wire_field_len(len));
    w->p = pel_wire_put_head(w->p, tag, len);
    memcpy(w->p, p, len);
    w->p += len;
}

static inline void pel_wire_fixed64(struct pel_wire *w, uint8_t tag, uint64_t n)
{
    pel_wire_need(w, 9);
    w->p = pel_wire_put_fixed64(w->p, tag, n);
}

static inline void pel_wire_varint(struct pel_wire *w, uint8_t tag, uint64_t n)
{
    pel_wire_need(w, 11);
    *w->p++ = (char)tag;
    w->p = pel_wire_put_varint(w->p, n);
}

/* Text, made valid UTF-8. */
static inline void pel_wire_text(struct pel_wire *w, uint8_t tag, struct pel_str s)
{
    size_t len = pel_put_utf8_len(s);

    pel_wire_need(w, pel_wire_field_len(len));
    w->p = pel_wire_put_head(w->p, tag, len);
    w->p = pel_put_utf8(w->p, s, len);
}

/* Begins a message whose length is not known yet, and ends it: its bytes move up to the length. */
#define PEL_WIRE_HEAD_MAX 6
static inline char *pel_wire_enter(struct pel_wire *w, uint8_t tag)
{
    pel_wire_need(w, PEL_WIRE_HEAD_MAX);
    *w->p = (char)tag;
    return w->p += PEL_WIRE_HEAD_MAX;
}

static inline void pel_wire_leave(struct pel_wire *w, char *begin)
{
    size_t len = (size_t)(w->p - begin);
    char *p = pel_wire_put_varint(begin - PEL_WIRE_HEAD_MAX + 1, len);

    memmove(p, begin, len);
    w->p = p + len;
}

#endif
