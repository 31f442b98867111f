#include "http/syntax.h"
#include "http/tracestate.h"

#define KEY_MAX 256

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || pel_syntax_is_digit(c);
}

static bool is_key(struct pel_str s)
{
    if (s.len == 0 || s.len > KEY_MAX || !is_lower_or_digit(s.p[0]))
        return false;
    for (size_t i = 1; i < s.len; i++) {
        if (!is_lower_or_digit(s.p[i]) && !memchr("_-*/@", s.p[i], 5))
            return false;
    }
    return true;
}

/* Printable ASCII but comma and equals sign; not ending in a space (blanks were trimmed). */
static bool is_value(struct pel_str s)
{
    if (s.len == 0 || s.len > PEL_TRACESTATE_VALUE_MAX)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] < 0x20 || s.p[i] > 0x7e || s.p[i] == '=')
            return false;
    }
    return true;
}

static bool is_member(struct pel_str member)
{
    const char *equals = memchr(member.p, '=', member.len);
    size_t key_len = equals ? (size_t)(equals - member.p) : member.len;

    return equals && is_key(pel_str(member.p, key_len)) &&
           is_value(pel_str(equals + 1, member.len - key_len - 1));
}

/* -1 when malformed, else the number of members. Repeated keys are handed on as they are, as the
 * test suite of the W3C has it. */
static int count_members(struct pel_str list)
{
    struct pel_str member;
    int n = 0;

    while (pel_syntax_next_member(&list, &member)) {
        if (!is_member(member) || ++n > PEL_TRACESTATE_MEMBERS_MAX)
            return -1;
    }
    return n;
}

/* Joins what count_members has found good. */
static struct pel_str join(const struct pel_head *head, struct pel_arena *arena, size_t room)
{
    char *text = pel_arena_alloc(arena, room), *at = text;

    for (size_t i = 0; i < head->n_headers; i++) {
        const struct pel_header *h = &head->headers[i];

        if (h->id != PEL_HEADER_TRACESTATE || h->value.len == 0)
            continue;
        if (at > text)
            *at++ = ',';
        memcpy(at, h->value.p, h->value.len);
        at += h->value.len;
    }
    return pel_str(text, (size_t)(at - text));
}

struct pel_str pel_tracestate_join(const struct pel_head *head, struct pel_arena *arena)
{
    size_t room = 0;
    int n = 0, more;

    for (size_t i = 0; i < head->n_headers; i++) {
        if (head->headers[i].id != PEL_HEADER_TRACESTATE)
            continue;
        more = count_members(head->headers[i].value);
        n += more;
        if (more < 0 || n > PEL_TRACESTATE_MEMBERS_MAX)
            return PEL_STR("");
        room += head->headers[i].value.len + 1;
    }
    return n ? join(head, arena, room) : PEL_STR("");
}
