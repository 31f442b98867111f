/*
 * syntax - the character classes and small grammars that requests and responses share. Pure
 * functions; any thread.
 */
#ifndef PELLUCID_HTTP_SYNTAX_H
#define PELLUCID_HTTP_SYNTAX_H

#include "pellucid/base.h"

/* Bits of pel_syntax[byte]. */
enum {
    PEL_SYNTAX_TOKEN = 0x01, /* tchar, RFC 9110 5.6.2 */
    /* In a request-target: VCHAR but "#". More than RFC 3986 allows, because browsers send some of
     * it unencoded; bytes beyond ASCII are refused, as gunicorn, uvicorn and hypercorn do. */
    PEL_SYNTAX_TARGET = 0x02,
    PEL_SYNTAX_VALUE = 0x04, /* field-content: VCHAR, obs-text, SP, HTAB; RFC 9110 5.5 */
    /* unreserved, sub-delims; RFC 3986 3.2.2. Without ",", which joins what were two fields. */
    PEL_SYNTAX_HOST = 0x08,
    PEL_SYNTAX_PATH = 0x10,  /* unreserved, sub-delims, ":", "@", "/"; RFC 3986 3.3 */
    PEL_SYNTAX_LOHEX = 0x20, /* 0-9 a-f */
};
extern const uint8_t pel_syntax[256];

/* Length of the longest prefix of s whose bytes all have one of the classes. */
static inline size_t pel_syntax_span(struct pel_str s, uint8_t classes)
{
    size_t i = 0;

    while (i < s.len && (pel_syntax[(unsigned char)s.p[i]] & classes))
        i++;
    return i;
}

/* Non-empty, and every byte of one of the classes. */
static inline bool pel_syntax_is_all(struct pel_str s, uint8_t classes)
{
    return s.len > 0 && pel_syntax_span(s, classes) == s.len;
}

/* Every byte may stand in a field value (PEL_SYNTAX_VALUE); quick for long ones. */
bool pel_syntax_is_value(struct pel_str s);

static inline bool pel_syntax_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Without the spaces and tabs at either end. */
struct pel_str pel_syntax_trim(struct pel_str s);

/* 1*DIGIT and nothing else; -1 when malformed or beyond 2^63-1. */
int64_t pel_syntax_number(struct pel_str s);

/* Value of a hexadecimal digit of either case, or -1. */
int pel_syntax_hex(char c);

/* Host = uri-host [":" port], RFC 9110 7.2. */
struct pel_authority {
    struct pel_str host; /* brackets of an IPv6 address included */
    int32_t port;        /* -1 = none */
};
/* False when malformed, or a port without a host. An empty authority is well-formed. */
bool pel_syntax_authority(struct pel_str s, struct pel_authority *out);

/* An IPv4 or IPv6 address in numbers, without brackets. */
bool pel_syntax_is_address(struct pel_str s);

/* Takes the next member off a comma-separated list: false at its end. Empty members are skipped
 * (RFC 9110 5.6.1.2); quoted strings are not looked into. */
bool pel_syntax_next_member(struct pel_str *list, struct pel_str *member);

/* The same from the right. */
bool pel_syntax_last_member(struct pel_str *list, struct pel_str *member);

#endif
