/*
 * keyvalue - OTLP attributes of spans and log records, written straight to the wire.
 *
 * Pure functions over room that the caller knows to be enough. Each writes one KeyValue as field
 * `tag` of the message around it; keys are shorter than 100 bytes and ASCII but for those of
 * an app, values are made valid UTF-8.
 */
#ifndef PELLUCID_KEYVALUE_H
#define PELLUCID_KEYVALUE_H

#include "pellucid/put.h"
#include "pellucid/time.h"
#include "pellucid/wire.h"

#define PEL_KEYVALUE_KEY PEL_WIRE_LEN(1)
#define PEL_KEYVALUE_VALUE PEL_WIRE_LEN(2)
#define PEL_ANYVALUE_STR PEL_WIRE_LEN(1)
#define PEL_ANYVALUE_BOOL PEL_WIRE_VARINT(2)
#define PEL_ANYVALUE_INT PEL_WIRE_VARINT(3)
#define PEL_ANYVALUE_DOUBLE PEL_WIRE_FIXED64(4)

/* With a literal as key all of it is a few stores, if it is inline; which is why it must be. */
#define PEL_KEYVALUE_INLINE static inline __attribute__((always_inline))

/* All but the value itself, which takes value_len bytes and has room behind it. */
PEL_KEYVALUE_INLINE char *pel_keyvalue_head(struct pel_wire *w, uint8_t tag, struct pel_str key,
                                            size_t value_len)
{
    size_t len = pel_wire_field_len(key.len) + pel_wire_field_len(value_len);
    char *p;

    pel_wire_need(w, pel_wire_field_len(len));
    p = pel_wire_put_head(w->p, tag, len);
    p = pel_wire_put_head(p, PEL_KEYVALUE_KEY, key.len);
    memcpy(p, key.p, key.len);
    return pel_wire_put_head(p + key.len, PEL_KEYVALUE_VALUE, value_len);
}

/* A value that is valid UTF-8. */
PEL_KEYVALUE_INLINE void pel_keyvalue_utf8(struct pel_wire *w, uint8_t tag, struct pel_str key,
                                           struct pel_str value)
{
    char *p = pel_keyvalue_head(w, tag, key, pel_wire_field_len(value.len));

    p = pel_wire_put_head(p, PEL_ANYVALUE_STR, value.len);
    w->p = pel_put(p, value);
}

PEL_KEYVALUE_INLINE void pel_keyvalue_str(struct pel_wire *w, uint8_t tag, struct pel_str key,
                                          struct pel_str value)
{
    size_t len = pel_put_utf8_len(value);
    char *p = pel_keyvalue_head(w, tag, key, pel_wire_field_len(len));

    p = pel_wire_put_head(p, PEL_ANYVALUE_STR, len);
    w->p = pel_put_utf8(p, value, len);
}

PEL_KEYVALUE_INLINE void pel_keyvalue_int(struct pel_wire *w, uint8_t tag, struct pel_str key,
                                          int64_t value)
{
    char *p = pel_keyvalue_head(w, tag, key, 1 + pel_wire_varint_len((uint64_t)value));

    *p++ = (char)PEL_ANYVALUE_INT;
    w->p = pel_wire_put_varint(p, (uint64_t)value);
}

PEL_KEYVALUE_INLINE void pel_keyvalue_double(struct pel_wire *w, uint8_t tag, struct pel_str key,
                                             double value)
{
    char *p = pel_keyvalue_head(w, tag, key, 9);
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    w->p = pel_wire_put_fixed64(p, PEL_ANYVALUE_DOUBLE, bits);
}

PEL_KEYVALUE_INLINE void pel_keyvalue_seconds(struct pel_wire *w, uint8_t tag, struct pel_str key,
                                              uint64_t ns)
{
    pel_keyvalue_double(w, tag, key, (double)ns / PEL_NS_PER_SEC);
}

/* What an app has set (attribute.h), but for keys that stand between begin and here, where there is
 * nothing but attributes of that tag. */
void pel_keyvalue_packed(struct pel_wire *w, uint8_t tag, const char *begin, struct pel_str packed);

#endif
