#include "http/field.h"
#include "http/syntax.h"
#include "pellucid/put.h"

#define SHOWN_MAX 80 /* bytes of a bad field that an error shows */

/* Is name, in any case, the lower one of that length? Of the bytes in a token only letters change
 * by the bit. Eight at a time. */
static bool is_name(const char *name, const char *lower, size_t len)
{
    size_t i = 0;

    for (; i + 8 <= len; i += 8) {
        uint64_t x, y;

        memcpy(&x, name + i, sizeof(x));
        memcpy(&y, lower + i, sizeof(y));
        if ((x | 0x2020202020202020) != y)
            return false;
    }
    while (i < len && (name[i] | 0x20) == lower[i])
        i++;
    return i == len;
}

enum pel_field_kind pel_field_kind(struct pel_str name)
{
    static const struct {
        struct pel_str name;
        enum pel_field_kind kind;
    } table[] = {
        {{"te", 2}, PEL_KIND_HOP},
        {{"date", 4}, PEL_KIND_DATE},
        {{"server", 6}, PEL_KIND_SERVER},
        {{"upgrade", 7}, PEL_KIND_UPGRADE},
        {{"connection", 10}, PEL_KIND_CONNECTION},
        {{"keep-alive", 10}, PEL_KIND_HOP},
        {{"content-length", 14}, PEL_KIND_LENGTH},
        {{"proxy-connection", 16}, PEL_KIND_HOP},
        {{"transfer-encoding", 17}, PEL_KIND_HOP},
    };

    for (size_t i = 0; i < PEL_ARRAY_LEN(table); i++) {
        if (name.len == table[i].name.len && is_name(name.p, table[i].name.p, name.len))
            return table[i].kind;
    }
    return PEL_KIND_PLAIN;
}

static int shown(struct pel_str s)
{
    return (int)(s.len < SHOWN_MAX ? s.len : SHOWN_MAX);
}

int pel_field_check(const struct pel_field *f, struct pel_err *err)
{
    if (!pel_syntax_is_all(f->name, PEL_SYNTAX_TOKEN))
        return pel_err_set(err, "header field name '%.*s' is not a token", shown(f->name),
                           f->name.len ? f->name.p : "");
    if (!pel_syntax_is_value(f->value))
        return pel_err_set(err, "value of header field '%.*s' holds a control character",
                           shown(f->name), f->name.p);
    return 0;
}

char *pel_field_put(char *at, const struct pel_field *f)
{
    at = pel_put(at, f->name);
    *at++ = ':';
    *at++ = ' ';
    at = pel_put(at, pel_syntax_trim(f->value));
    *at++ = '\r';
    *at++ = '\n';
    return at;
}
