#include <math.h>
#include <stdlib.h>

#include "pellucid/mem.h"
#include "type.h"

typedef bool parse_fn(const struct pel_directive *d, const struct pel_value *v, void *field,
                      const struct pel_value **out_bad);

static bool in_range(const struct pel_directive *d, double number)
{
    return number >= d->min && number <= d->max;
}

static bool parse_bool(const struct pel_directive *d, const struct pel_value *v, void *field,
                       const struct pel_value **out_bad)
{
    if (v->kind != PEL_VALUE_BOOL)
        return false;
    *(bool *)field = v->integer != 0;
    return true;
}

static bool parse_count(const struct pel_directive *d, const struct pel_value *v, void *field,
                        const struct pel_value **out_bad)
{
    if (v->kind == PEL_VALUE_STRING && *d->allowed && strcmp(pel_value_text(v), d->allowed) == 0) {
        *(int64_t *)field = 0;
        return true;
    }
    if (v->kind != PEL_VALUE_INT || !in_range(d, (double)v->integer))
        return false;
    *(int64_t *)field = v->integer;
    return true;
}

static bool parse_duration(const struct pel_directive *d, const struct pel_value *v, void *field,
                           const struct pel_value **out_bad)
{
    double seconds = v->kind == PEL_VALUE_INT ? (double)v->integer : v->real;
    int64_t ms;

    if (v->kind == PEL_VALUE_STRING) {
        if (!pel_duration_parse(pel_value_text(v), &ms))
            return false;
    } else {
        if ((v->kind != PEL_VALUE_INT && v->kind != PEL_VALUE_FLOAT) || !in_range(d, seconds * 1e3))
            return false;
        ms = llround(seconds * 1e3);
    }
    if (!in_range(d, (double)ms))
        return false;
    *(int64_t *)field = ms;
    return true;
}

static bool parse_size(const struct pel_directive *d, const struct pel_value *v, void *field,
                       const struct pel_value **out_bad)
{
    int64_t bytes = v->integer;

    if (v->kind == PEL_VALUE_STRING ? !pel_size_parse(pel_value_text(v), &bytes)
                                    : v->kind != PEL_VALUE_INT)
        return false;
    if (!in_range(d, (double)bytes))
        return false;
    *(int64_t *)field = bytes;
    return true;
}

static bool parse_ratio(const struct pel_directive *d, const struct pel_value *v, void *field,
                        const struct pel_value **out_bad)
{
    double ratio = v->kind == PEL_VALUE_INT ? (double)v->integer : v->real;

    if ((v->kind != PEL_VALUE_INT && v->kind != PEL_VALUE_FLOAT) || !in_range(d, ratio))
        return false;
    *(double *)field = ratio;
    return true;
}

/* The index of word among "a|b|c", or -1. */
static int word_index(const char *words, const char *word)
{
    size_t len = strlen(word), n;

    for (int i = 0; *words; i++) {
        n = strcspn(words, "|");
        if (n == len && memcmp(words, word, n) == 0)
            return i;
        words += n + (words[n] == '|');
    }
    return -1;
}

static bool parse_enum(const struct pel_directive *d, const struct pel_value *v, void *field,
                       const struct pel_value **out_bad)
{
    int i = v->kind == PEL_VALUE_STRING ? word_index(d->allowed, pel_value_text(v)) : -1;

    if (i < 0)
        return false;
    *(int *)field = i;
    return true;
}

static char *dup_string(const struct pel_value *v)
{
    return pel_mem_dup(pel_str(pel_value_text(v), strlen(pel_value_text(v))));
}

static bool parse_string(const struct pel_directive *d, const struct pel_value *v, void *field,
                         const struct pel_value **out_bad)
{
    if (v->kind != PEL_VALUE_STRING)
        return false;
    *(char **)field = dup_string(v);
    return true;
}

static bool parse_strings(const struct pel_directive *d, const struct pel_value *v, void *field,
                          const struct pel_value **out_bad)
{
    struct pel_strings *strings = field;

    if (v->kind != PEL_VALUE_ARRAY || !in_range(d, (double)v->n_children))
        return false;
    strings->items = pel_mem_new(v->n_children, sizeof(*strings->items));
    for (size_t i = 0; i < v->n_children; i++) {
        const struct pel_value *item = &v->children[i];

        if (item->kind != PEL_VALUE_STRING ||
            (*d->allowed && word_index(d->allowed, pel_value_text(item)) < 0)) {
            *out_bad = item;
            return false;
        }
        strings->items[strings->n++] = dup_string(item);
    }
    return true;
}

static bool parse_pairs(const struct pel_directive *d, const struct pel_value *v, void *field,
                        const struct pel_value **out_bad)
{
    struct pel_pairs *pairs = field;

    if (v->kind != PEL_VALUE_TABLE)
        return false;
    pairs->items = pel_mem_new(v->n_children, sizeof(*pairs->items));
    for (size_t i = 0; i < v->n_children; i++) {
        const struct pel_value *item = &v->children[i];

        if (item->kind != PEL_VALUE_STRING || !*item->key) {
            *out_bad = item;
            return false;
        }
        pairs->items[pairs->n++] = (struct pel_pair){
            .name = pel_mem_dup(pel_str(item->key, strlen(item->key))), .value = dup_string(item)};
    }
    return true;
}

static const struct {
    const char *name;
    parse_fn *parse;
} types[PEL_TYPE_N] = {
    [PEL_TYPE_BOOL] = {"bool", parse_bool},
    [PEL_TYPE_COUNT] = {"count", parse_count},
    [PEL_TYPE_DURATION] = {"duration", parse_duration},
    [PEL_TYPE_SIZE] = {"size", parse_size},
    [PEL_TYPE_RATIO] = {"ratio", parse_ratio},
    [PEL_TYPE_ENUM] = {"enum", parse_enum},
    [PEL_TYPE_STRING] = {"string", parse_string},
    [PEL_TYPE_STRINGS] = {"strings", parse_strings},
    [PEL_TYPE_PAIRS] = {"pairs", parse_pairs},
};

const char *pel_type_name(enum pel_type type)
{
    return types[type].name;
}

bool pel_type_parse(const struct pel_directive *d, const struct pel_value *v, void *field,
                    const struct pel_value **out_bad)
{
    *out_bad = v;
    if (types[d->type].parse(d, v, field, out_bad))
        return true;
    pel_type_fini(d->type, field);
    return false;
}

static void default_strings(const char *text, struct pel_value *out)
{
    size_t len;

    out->kind = PEL_VALUE_ARRAY;
    for (; *text; text += len + (text[len] == ' ')) {
        len = strcspn(text, " ");
        pel_value_set_string(pel_value_add(out, NULL), pel_str(text, len));
    }
}

void pel_type_default(const struct pel_directive *d, struct pel_value *out)
{
    char *end;

    *out = (struct pel_value){.kind = PEL_VALUE_TABLE};
    if (d->type == PEL_TYPE_PAIRS) {
        PEL_ASSERT(!*d->dflt);
    } else if (d->type == PEL_TYPE_STRINGS) {
        default_strings(d->dflt, out);
    } else if (d->type == PEL_TYPE_BOOL) {
        out->kind = PEL_VALUE_BOOL;
        out->integer = strcmp(d->dflt, "true") == 0;
    } else if (d->type == PEL_TYPE_RATIO) {
        out->kind = PEL_VALUE_FLOAT;
        out->real = strtod(d->dflt, &end);
    } else if (d->type == PEL_TYPE_COUNT && strcmp(d->dflt, d->allowed) != 0) {
        out->kind = PEL_VALUE_INT;
        out->integer = strtoll(d->dflt, &end, 10);
    } else {
        pel_value_set_string(out, pel_str(d->dflt, strlen(d->dflt)));
    }
}

static bool strings_are_same(const struct pel_strings *a, const struct pel_strings *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    return true;
}

static bool pairs_are_same(const struct pel_pairs *a, const struct pel_pairs *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->items[i].name, b->items[i].name) != 0 ||
            strcmp(a->items[i].value, b->items[i].value) != 0)
            return false;
    return true;
}

bool pel_type_is_same(enum pel_type type, const void *a, const void *b)
{
    switch (type) {
    case PEL_TYPE_BOOL:
        return *(const bool *)a == *(const bool *)b;
    case PEL_TYPE_COUNT:
    case PEL_TYPE_DURATION:
    case PEL_TYPE_SIZE:
        return *(const int64_t *)a == *(const int64_t *)b;
    case PEL_TYPE_RATIO:
        return *(const double *)a == *(const double *)b;
    case PEL_TYPE_ENUM:
        return *(const int *)a == *(const int *)b;
    case PEL_TYPE_STRING:
        return strcmp(*(char *const *)a, *(char *const *)b) == 0;
    case PEL_TYPE_STRINGS:
        return strings_are_same(a, b);
    case PEL_TYPE_PAIRS:
        return pairs_are_same(a, b);
    case PEL_TYPE_N:
        break;
    }
    PEL_UNREACHABLE("a type without a comparison");
}

static void strings_fini(struct pel_strings *strings)
{
    for (size_t i = 0; i < strings->n; i++)
        free(strings->items[i]);
    free(strings->items);
    *strings = (struct pel_strings){NULL, 0};
}

static void pairs_fini(struct pel_pairs *pairs)
{
    for (size_t i = 0; i < pairs->n; i++) {
        free(pairs->items[i].name);
        free(pairs->items[i].value);
    }
    free(pairs->items);
    *pairs = (struct pel_pairs){NULL, 0};
}

void pel_type_fini(enum pel_type type, void *field)
{
    if (type == PEL_TYPE_STRINGS) {
        strings_fini(field);
    } else if (type == PEL_TYPE_PAIRS) {
        pairs_fini(field);
    } else if (type == PEL_TYPE_STRING) {
        free(*(char **)field);
        *(char **)field = NULL;
    }
}
