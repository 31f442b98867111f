#include "pellucid/escape.h"

#include "pellucid/hex.h"

#define ESCAPE_MAX 6

#define ONES 0x0101010101010101ULL
#define HIGHS 0x8080808080808080ULL

/* High bit of each byte of x that is zero, up to the first one (above it there may be false ones).
 */
static uint64_t zeros(uint64_t x)
{
    return (x - ONES) & ~x & HIGHS;
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Length of the leading run of bytes that need no escape; eight at a time. */
static size_t plain_len(const char *p, size_t len)
{
    size_t i = 0;

    for (; i + 8 <= len; i += 8) {
        uint64_t x, bad;

        memcpy(&x, p + i, 8);
        bad = (x & HIGHS) | ((x - ONES * 0x20) & ~x & HIGHS) | zeros(x ^ ONES * 0x7f) |
              zeros(x ^ ONES * '"') | zeros(x ^ ONES * '\\');
        if (bad)
            break;
    }
    while (i < len && is_plain((unsigned char)p[i]))
        i++;
    return i;
}

size_t pel_utf8_len(const char *p, size_t len)
{
    const unsigned char *s = (const unsigned char *)p;
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

    if (n == 0 || n > len || s[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

/* One special byte as text; returns what it took of the input. */
static size_t escape_text_one(char *out, size_t *n, const char *p, size_t len)
{
    unsigned char c = (unsigned char)*p;

    memcpy(out, "\\x", 2);
    out[2] = pel_hex_digit(c >> 4);
    out[3] = pel_hex_digit(c & 15);
    *n = 4;
    return 1;
}

/* U+0080 to U+009F, U+2028, U+2029: valid, but line ends or worse to some readers. */
static unsigned unsafe_code(const unsigned char *s, size_t n)
{
    if (n == 2 && s[0] == 0xc2 && s[1] < 0xa0)
        return s[1];
    if (n == 3 && s[0] == 0xe2 && s[1] == 0x80 && (s[2] == 0xa8 || s[2] == 0xa9))
        return 0x2000U + s[2] - 0x80U;
    return 0;
}

static size_t escape_json_one(char *out, size_t *n, const char *p, size_t len)
{
    unsigned char c = (unsigned char)*p;
    size_t took = c >= 0x80 ? pel_utf8_len(p, len) : 0;
    unsigned code = took ? unsafe_code((const unsigned char *)p, took) : c;

    if (took && !code) {
        memcpy(out, p, took);
        *n = took;
        return took;
    }
    if (c == '"' || c == '\\') {
        out[0] = '\\';
        out[1] = (char)c;
        *n = 2;
        return 1;
    }
    memcpy(out, "\\u", 2);
    for (int i = 0; i < 4; i++)
        out[2 + i] = pel_hex_digit(code >> (12 - 4 * i) & 15);
    *n = 6;
    return took ? took : 1;
}

static size_t escape(char *out, size_t max, struct pel_str s,
                     size_t (*one)(char *, size_t *, const char *, size_t))
{
    size_t room = max - 3; /* for the dots */
    size_t len = 0, i = 0;

    while (i < s.len) {
        size_t run = plain_len(s.p + i, s.len - i), n;
        bool fits = run <= room - len;

        if (!fits)
            run = room - len;
        memcpy(out + len, s.p + i, run);
        len += run;
        i += run;
        if (i == s.len)
            break;
        if (!fits || room - len < ESCAPE_MAX) {
            memcpy(out + len, "...", 3);
            return len + 3;
        }
        i += one(out + len, &n, s.p + i, s.len - i);
        len += n;
    }
    return len;
}

size_t pel_escape_text(char *out, size_t max, struct pel_str s)
{
    return escape(out, max, s, escape_text_one);
}

size_t pel_escape_json(char *out, size_t max, struct pel_str s)
{
    return escape(out, max, s, escape_json_one);
}
