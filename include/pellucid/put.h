/*
 * put - text into room that its writer knows to be enough. Any thread.
 *
 * Each returns where the next byte goes; nothing is terminated. Bytes as digits: hex.h.
 */
#ifndef PELLUCID_PUT_H
#define PELLUCID_PUT_H

#include "pellucid/base.h"

static inline char *pel_put(char *at, struct pel_str s)
{
    if (s.len)
        memcpy(at, s.p, s.len);
    return at + s.len;
}

/* Decimal digits of n. */
#define PEL_NUMBER_MAX 20
char *pel_put_number(char *at, uint64_t n);

/* Nanoseconds as milliseconds with three decimals, cut to microseconds. */
#define PEL_MS_MAX (PEL_NUMBER_MAX + 4)
char *pel_put_ms(char *at, uint64_t ns);

/* A UUID: 8-4-4-4-12 digits. */
#define PEL_UUID_LEN 36
char *pel_put_uuid(char *at, const uint8_t id[16]);

#endif
