#include "pellucid/attribute.h"

#define HEAD_LEN 4

static struct pel_str cut(struct pel_str s, size_t max)
{
    if (s.len <= max)
        return s;
    while (max > 0 && ((unsigned char)s.p[max] & 0xc0) == 0x80) /* no half of a character */
        max--;
    return pel_str(s.p, max);
}

/* The bytes of the value; those of a number in room. */
static struct pel_str value_of(const struct pel_attribute *a, char room[8])
{
    switch (a->type) {
    case PEL_ATTRIBUTE_STR:
        return cut(a->text, PEL_ATTRIBUTE_TEXT_MAX);
    case PEL_ATTRIBUTE_FLOAT:
        memcpy(room, &a->real, sizeof(a->real));
        break;
    case PEL_ATTRIBUTE_INT:
    case PEL_ATTRIBUTE_BOOL:
        memcpy(room, &a->integer, sizeof(a->integer));
        break;
    }
    return pel_str(room, 8);
}

/* Where the pair of that key is, of which there is one at most, and its length: 0 when there is
 * none. Counts the others. */
static size_t find_key(const char *room, size_t len, struct pel_str key, size_t *pair_len,
                       unsigned *n)
{
    struct pel_str rest = pel_str(room, len);
    struct pel_attribute found;
    size_t at = 0;

    *n = 0;
    *pair_len = 0;
    for (const char *p = rest.p; pel_attribute_next(&rest, &found); p = rest.p) {
        if (!pel_str_eq(found.key, key)) {
            ++*n;
            continue;
        }
        at = (size_t)(p - room);
        *pair_len = (size_t)(rest.p - p);
    }
    return at;
}

size_t pel_attribute_put(char *room, size_t len, const struct pel_attribute *a)
{
    struct pel_str key = cut(a->key, PEL_ATTRIBUTE_KEY_MAX), value;
    char number[8], *p;
    size_t old_at, old_len;
    uint16_t value_len;
    unsigned n;

    value = value_of(a, number);
    if (key.len == 0)
        return len;
    old_at = find_key(room, len, key, &old_len, &n);
    if (n >= PEL_ATTRIBUTE_N_MAX ||
        len - old_len + HEAD_LEN + key.len + value.len > PEL_ATTRIBUTE_PACKED_MAX)
        return len;
    len -= old_len;
    memmove(room + old_at, room + old_at + old_len, len - old_at);
    p = room + len;
    value_len = (uint16_t)value.len;
    p[0] = (char)a->type;
    p[1] = (char)key.len;
    memcpy(p + 2, &value_len, sizeof(value_len));
    memcpy(p + HEAD_LEN, key.p, key.len);
    if (value.len)
        memcpy(p + HEAD_LEN + key.len, value.p, value.len);
    return len + HEAD_LEN + key.len + value.len;
}

static bool read_value(struct pel_attribute *out, struct pel_str value)
{
    if (out->type == PEL_ATTRIBUTE_STR) {
        out->text = value;
        return true;
    }
    if (out->type > PEL_ATTRIBUTE_BOOL || value.len != 8)
        return false;
    if (out->type == PEL_ATTRIBUTE_FLOAT)
        memcpy(&out->real, value.p, sizeof(out->real));
    else
        memcpy(&out->integer, value.p, sizeof(out->integer));
    return true;
}

bool pel_attribute_next(struct pel_str *packed, struct pel_attribute *out)
{
    const char *p = packed->p;
    size_t key_len, len;
    uint16_t value_len;

    if (packed->len < HEAD_LEN)
        return false;
    key_len = (unsigned char)p[1];
    memcpy(&value_len, p + 2, sizeof(value_len));
    len = HEAD_LEN + key_len + value_len;
    if (len > packed->len)
        return false;
    *out = (struct pel_attribute){.type = (enum pel_attribute_type)(unsigned char)p[0],
                                  .key = pel_str(p + HEAD_LEN, key_len)};
    *packed = pel_str(p + len, packed->len - len);
    return read_value(out, pel_str(p + HEAD_LEN + key_len, value_len));
}
