/*
 * hex - bytes as lower-case hexadecimal digits. Any thread.
 */
#ifndef PELLUCID_HEX_H
#define PELLUCID_HEX_H

#include "pellucid/base.h"

#define PEL_HEX_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

static inline char pel_hex_digit(unsigned nibble)
{
    return (char)(nibble < 10 ? '0' + nibble : 'a' + nibble - 10);
}

/* The digits of four bytes at once: a nibble a byte first, then what makes digits of them. */
static inline void pel_put_hex_four(char *at, const uint8_t *bytes)
{
    uint64_t x = (uint64_t)bytes[0] | (uint64_t)bytes[1] << 16 | (uint64_t)bytes[2] << 32 |
                 (uint64_t)bytes[3] << 48;
    uint64_t are_letters;

    x = (x >> 4 & 0x000f000f000f000f) | (x & 0x000f000f000f000f) << 8;
    are_letters = (x + PEL_HEX_EACH(6)) >> 4 & PEL_HEX_EACH(1);
    x += PEL_HEX_EACH('0') + are_letters * ('a' - '0' - 10);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    memcpy(at, &x, sizeof(x));
}

/* Writes 2 * len digits; where the next byte goes. */
static inline char *pel_put_hex(char *at, const uint8_t *bytes, size_t len)
{
    for (; len >= 4; len -= 4, bytes += 4, at += 8)
        pel_put_hex_four(at, bytes);
    for (; len > 0; len--, bytes++) {
        *at++ = pel_hex_digit(*bytes >> 4);
        *at++ = pel_hex_digit(*bytes & 15);
    }
    return at;
}

#endif
