#include <arpa/inet.h>

#include "http/syntax.h"

#define PORT_MAX 65535

/* clang-format off */
const uint8_t pel_syntax[256] = {
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x04, 0x1f, 0x06, 0x05, 0x1f, 0x07, 0x1f, 0x1f, 0x1e, 0x1e, 0x1f, 0x1f, 0x16, 0x1f, 0x1f, 0x16,
    0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x16, 0x1e, 0x06, 0x1e, 0x06, 0x06,
    0x16, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f,
    0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x06, 0x06, 0x06, 0x07, 0x1f,
    0x07, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f,
    0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x06, 0x07, 0x06, 0x1f, 0x00,
    0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04,
    0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04,
    0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04,
    0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04,
    0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04,
    0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04,
    0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04,
    0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04,
};
/* clang-format on */

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Eight bytes at once: is there none below a space, and no DEL? Wrong about tabs only. */
static bool are_eight_plain(const char *at)
{
    uint64_t x, y;

    memcpy(&x, at, sizeof(x));
    y = x ^ EACH(0x7f);
    return ((((x - EACH(0x20)) & ~x) | ((y - EACH(0x01)) & ~y)) & EACH(0x80)) == 0;
}

bool pel_syntax_is_value(struct pel_str s)
{
    size_t i = 0;

    for (; i + 8 <= s.len; i += 8) {
        if (!are_eight_plain(s.p + i))
            break;
    }
    s = pel_str(s.p + i, s.len - i);
    return pel_syntax_span(s, PEL_SYNTAX_VALUE) == s.len;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct pel_str pel_syntax_trim(struct pel_str s)
{
    while (s.len && is_blank(s.p[0]))
        s.p++, s.len--;
    while (s.len && is_blank(s.p[s.len - 1]))
        s.len--;
    return s;
}

int64_t pel_syntax_number(struct pel_str s)
{
    int64_t n = 0;

    if (s.len == 0)
        return -1;
    for (size_t i = 0; i < s.len; i++) {
        int digit = s.p[i] - '0';

        if (!pel_syntax_is_digit(s.p[i]) || n > (INT64_MAX - digit) / 10)
            return -1;
        n = n * 10 + digit;
    }
    return n;
}

int pel_syntax_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_address_of(int family, struct pel_str s)
{
    unsigned char binary[sizeof(struct in6_addr)];
    char text[INET6_ADDRSTRLEN];

    if (s.len == 0 || s.len >= sizeof(text) || memchr(s.p, '\0', s.len))
        return false;
    memcpy(text, s.p, s.len);
    text[s.len] = '\0';
    return inet_pton(family, text, binary) == 1;
}

bool pel_syntax_is_address(struct pel_str s)
{
    return is_address_of(memchr(s.p ? s.p : "", ':', s.len) ? AF_INET6 : AF_INET, s);
}

/* reg-name, which IPv4 addresses are a part of. */
static bool is_reg_name(struct pel_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (pel_syntax[(unsigned char)s.p[i]] & PEL_SYNTAX_HOST)
            continue;
        if (s.p[i] != '%' || s.len - i < 3 || pel_syntax_hex(s.p[i + 1]) < 0 ||
            pel_syntax_hex(s.p[i + 2]) < 0)
            return false;
        i += 2;
    }
    return true;
}

static bool take_port(struct pel_str s, int32_t *port)
{
    int64_t n;

    *port = -1;
    if (s.len == 0)
        return true;
    if (s.p[0] != ':')
        return false;
    if (s.len == 1)
        return true;
    n = pel_syntax_number(pel_str(s.p + 1, s.len - 1));
    *port = (int32_t)n;
    return n >= 0 && n <= PORT_MAX;
}

bool pel_syntax_authority(struct pel_str s, struct pel_authority *out)
{
    const char *end;

    *out = (struct pel_authority){s, -1};
    if (s.len == 0)
        return true;
    if (s.p[0] == '[') {
        end = memchr(s.p, ']', s.len);
        if (!end || !is_address_of(AF_INET6, pel_str(s.p + 1, (size_t)(end - s.p) - 1)))
            return false;
        out->host.len = (size_t)(end - s.p) + 1;
    } else {
        end = memchr(s.p, ':', s.len);
        out->host.len = end ? (size_t)(end - s.p) : s.len;
        if (out->host.len == 0 || !is_reg_name(out->host))
            return false;
    }
    return take_port(pel_str(s.p + out->host.len, s.len - out->host.len), &out->port);
}

bool pel_syntax_next_member(struct pel_str *list, struct pel_str *member)
{
    while (list->len) {
        const char *comma = memchr(list->p, ',', list->len);
        size_t len = comma ? (size_t)(comma - list->p) : list->len;

        *member = pel_syntax_trim(pel_str(list->p, len));
        len += comma ? 1 : 0;
        *list = pel_str(list->p + len, list->len - len);
        if (member->len)
            return true;
    }
    return false;
}

bool pel_syntax_last_member(struct pel_str *list, struct pel_str *member)
{
    while (list->len) {
        const char *comma = memrchr(list->p, ',', list->len);
        size_t start = comma ? (size_t)(comma - list->p) + 1 : 0;

        *member = pel_syntax_trim(pel_str(list->p + start, list->len - start));
        list->len = comma ? start - 1 : 0;
        if (member->len)
            return true;
    }
    return false;
}
