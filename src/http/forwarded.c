#include "http/forwarded.h"
#include "http/syntax.h"

static struct pel_str skip(struct pel_str s, size_t n)
{
    return pel_str(s.p + n, s.len - n);
}

static void skip_blanks(struct pel_str *s)
{
    while (s->len && (s->p[0] == ' ' || s->p[0] == '\t'))
        *s = skip(*s, 1);
}

static bool take_token(struct pel_str *s, struct pel_str *out)
{
    *out = pel_str(s->p, pel_syntax_span(*s, PEL_SYNTAX_TOKEN));
    *s = skip(*s, out->len);
    return out->len > 0;
}

/* RFC 9110 5.6.4; s begins with the opening quote. */
static bool take_quoted(struct pel_str *s, struct pel_arena *arena, struct pel_str *out)
{
    char *text = NULL;
    size_t len = 0, i = 1;

    while (i < s->len && s->p[i] != '"') {
        if (s->p[i] == '\\') {
            if (!text) {
                text = pel_arena_alloc(arena, s->len);
                memcpy(text, s->p + 1, len);
            }
            i++;
        }
        if (i == s->len)
            return false;
        if (text)
            text[len] = s->p[i];
        len++, i++;
    }
    if (i == s->len)
        return false;
    *out = pel_str(text ? text : s->p + 1, len);
    *s = skip(*s, i + 1);
    return true;
}

static struct pel_str *slot_of(struct pel_forwarded *element, struct pel_str name)
{
    if (pel_str_ieq(name, PEL_STR("for")))
        return &element->node;
    if (pel_str_ieq(name, PEL_STR("proto")))
        return &element->proto;
    if (pel_str_ieq(name, PEL_STR("host")))
        return &element->host;
    return NULL;
}

/* token "=" value; a parameter may occur once (RFC 7239 4). */
static bool take_pair(struct pel_str *s, struct pel_arena *arena, struct pel_forwarded *element)
{
    struct pel_str name, value, *slot;

    if (!take_token(s, &name) || s->len == 0 || s->p[0] != '=')
        return false;
    *s = skip(*s, 1);
    if (s->len && s->p[0] == '"' ? !take_quoted(s, arena, &value) : !take_token(s, &value))
        return false;
    slot = slot_of(element, name);
    if (!slot)
        return true;
    if (slot->p)
        return false;
    *slot = value;
    return true;
}

/* Up to a comma or the end. Blanks around ";" are not in the grammar, but mean one thing only. */
static bool take_element(struct pel_str *s, struct pel_arena *arena, struct pel_forwarded *element)
{
    *element = (struct pel_forwarded){.is_empty = true};
    for (;;) {
        skip_blanks(s);
        if (s->len && s->p[0] != ';' && s->p[0] != ',') {
            if (!take_pair(s, arena, element))
                return false;
            element->is_empty = false;
        }
        skip_blanks(s);
        if (s->len == 0 || s->p[0] == ',')
            return true;
        if (s->p[0] != ';')
            return false;
        *s = skip(*s, 1);
    }
}

int pel_forwarded_parse(struct pel_str value, struct pel_arena *arena, struct pel_forwarded *out,
                        int n, int max)
{
    while (value.len) {
        if (n == max || !take_element(&value, arena, &out[n]))
            return -1;
        n += out[n].is_empty ? 0 : 1;
        if (value.len)
            value = skip(value, 1);
    }
    return n;
}

/* Port "0" to "65535"; obfuscated ports are as good as none. */
static uint16_t port_of(struct pel_str s)
{
    int64_t n = pel_syntax_number(s);

    return n >= 0 && n <= UINT16_MAX ? (uint16_t)n : 0;
}

bool pel_forwarded_node(struct pel_str s, struct pel_str *address, uint16_t *port)
{
    const char *end;

    *port = 0;
    *address = s;
    if (s.len && s.p[0] == '[') {
        end = memchr(s.p, ']', s.len);
        if (!end)
            return false;
        *address = pel_str(s.p + 1, (size_t)(end - s.p) - 1);
        s = skip(s, (size_t)(end - s.p) + 1);
        if (s.len && s.p[0] != ':')
            return false;
        *port = s.len ? port_of(skip(s, 1)) : 0;
        return memchr(address->p, ':', address->len) && pel_syntax_is_address(*address);
    }
    end = s.len ? memchr(s.p, ':', s.len) : NULL;
    if (end && end == (const char *)memrchr(s.p, ':', s.len)) {
        address->len = (size_t)(end - s.p);
        *port = port_of(skip(s, address->len + 1));
    }
    return pel_syntax_is_address(*address);
}
