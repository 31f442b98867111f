#include "pellucid/utf8.h"

#include "pellucid/escape.h"
#include "pellucid/put.h"

/* Length of what begins s and is ASCII without NUL. */
static size_t plain_len(struct pel_str s)
{
    const uint64_t ones = UINT64_MAX / 255, highs = ones * 0x80;
    size_t i = 0;
    uint64_t eight;

    for (; i + sizeof(eight) <= s.len; i += sizeof(eight)) {
        memcpy(&eight, s.p + i, sizeof(eight));
        /* Taking one from a byte makes it negative if it is 0, as it is from 0x80 on. */
        if ((eight | (eight - ones)) & highs)
            break;
    }
    while (i < s.len && (signed char)s.p[i] > 0)
        i++;
    return i;
}

/* The sequence at p, of at most len bytes: its length, or 0 when it is to be replaced. */
static size_t sequence_len(const char *p, size_t len)
{
    return *p ? pel_utf8_len(p, len) : 0;
}

size_t pel_put_utf8_len(struct pel_str s)
{
    size_t i = plain_len(s), len = s.len;

    while (i < s.len) {
        size_t n = sequence_len(s.p + i, s.len - i);

        i += n ? n : 1;
        len += n ? 0 : strlen(PEL_UTF8_REPLACEMENT) - 1;
    }
    return len;
}

char *pel_put_utf8(char *at, struct pel_str s, size_t utf8_len)
{
    if (PEL_LIKELY(utf8_len == s.len)) /* nothing is replaced: that makes it longer */
        return pel_put(at, s);
    for (size_t i = 0; i < s.len;) {
        size_t n = sequence_len(s.p + i, s.len - i);

        at = pel_put(at, n ? pel_str(s.p + i, n) : PEL_STR(PEL_UTF8_REPLACEMENT));
        i += n ? n : 1;
    }
    return at;
}
