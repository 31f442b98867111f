#include "pellucid/keyvalue.h"

#include "pellucid/attribute.h"

/* A varint that we wrote ourselves. */
static const char *read_varint(const char *p, size_t *n)
{
    unsigned shift = 0;

    *n = 0;
    do {
        *n |= (size_t)(*p & 0x7f) << shift;
        shift += 7;
    } while (*p++ & 0x80);
    return p;
}

static bool has_key(const char *p, const char *end, struct pel_str key)
{
    while (p < end) {
        size_t len, key_len;
        const char *at = read_varint(p + 1, &len), *next = at + len;

        at = read_varint(at + 1, &key_len);
        if (pel_str_eq(pel_str(at, key_len), key))
            return true;
        p = next;
    }
    return false;
}

static void add(struct pel_wire *w, uint8_t tag, const struct pel_attribute *a, struct pel_str key)
{
    char *p;

    switch (a->type) {
    case PEL_ATTRIBUTE_STR:
        pel_keyvalue_str(w, tag, key, a->text);
        break;
    case PEL_ATTRIBUTE_INT:
        pel_keyvalue_int(w, tag, key, a->integer);
        break;
    case PEL_ATTRIBUTE_FLOAT:
        pel_keyvalue_double(w, tag, key, a->real);
        break;
    case PEL_ATTRIBUTE_BOOL:
        p = pel_keyvalue_head(w, tag, key, 2);
        *p++ = (char)PEL_ANYVALUE_BOOL;
        *p++ = a->integer != 0;
        w->p = p;
        break;
    }
}

void pel_keyvalue_packed(struct pel_wire *w, uint8_t tag, const char *begin, struct pel_str packed)
{
    char key[3 * UINT8_MAX]; /* a worker gone mad does not keep to PEL_ATTRIBUTE_KEY_MAX */
    struct pel_attribute a;

    for (unsigned n = 0; n < PEL_ATTRIBUTE_N_MAX && pel_attribute_next(&packed, &a); n++) {
        size_t len = pel_put_utf8_len(a.key);

        pel_put_utf8(key, a.key, len);
        if (!has_key(begin, w->p, pel_str(key, len)))
            add(w, tag, &a, pel_str(key, len));
    }
}
