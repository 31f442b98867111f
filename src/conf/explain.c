#include <inttypes.h>
#include <stdio.h>

#include "explain.h"

#define FOUND_MAX 80

static void found_string(struct pel_buf *out, const char *s)
{
    size_t len = strlen(s), shown = len > FOUND_MAX ? FOUND_MAX : len;

    pel_buf_add_str(out, PEL_STR("\""));
    for (size_t i = 0; i < shown; i++) {
        unsigned char c = (unsigned char)s[i];

        if (c < 0x20 || c == 0x7f)
            pel_buf_addf(out, "\\x%02x", c);
        else
            pel_buf_add(out, &s[i], 1);
    }
    pel_buf_addf(out, "%s\"", shown < len ? "..." : "");
}

void pel_explain_found(struct pel_buf *out, const struct pel_value *v)
{
    switch (v->kind) {
    case PEL_VALUE_STRING:
        found_string(out, pel_value_text(v));
        break;
    case PEL_VALUE_INT:
        pel_buf_addf(out, "%" PRId64, v->integer);
        break;
    case PEL_VALUE_FLOAT:
        pel_buf_addf(out, "%g", v->real);
        break;
    case PEL_VALUE_BOOL:
        pel_buf_addf(out, "%s", v->integer ? "true" : "false");
        break;
    case PEL_VALUE_ARRAY:
        pel_buf_addf(out, "a list of %zu", v->n_children);
        break;
    case PEL_VALUE_TABLE:
        pel_buf_add_str(out, PEL_STR("a table"));
        break;
    }
}

struct unit {
    int64_t factor;
    const char *name;
};

/* In the largest unit that divides number; units end with a factor of 1. */
static void add_quantity(struct pel_buf *out, double number, const struct unit *units)
{
    int64_t whole = (int64_t)number;

    if (whole == 0) {
        pel_buf_addf(out, "0");
        return;
    }
    while (units->factor > 1 && whole % units->factor != 0)
        units++;
    pel_buf_addf(out, "%" PRId64 "%s", whole / units->factor, units->name);
}

static void add_duration(struct pel_buf *out, double ms)
{
    static const struct unit units[] = {
        {86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};

    add_quantity(out, ms, units);
}

static void add_size(struct pel_buf *out, double bytes)
{
    static const struct unit units[] = {
        {INT64_C(1) << 40, "TiB"}, {1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}, {1, "B"}};

    add_quantity(out, bytes, units);
}

/* "a", "b" or "c"; last is " or " */
static void add_words(struct pel_buf *out, const char *words, const char *last)
{
    const char *separator = "";

    while (*words) {
        size_t len = strcspn(words, "|");

        pel_buf_addf(out, "%s\"%.*s\"", separator, (int)len, words);
        words += len + (words[len] == '|');
        separator = strchr(words, '|') ? ", " : last;
    }
}

static void allowed_count(struct pel_buf *out, const struct pel_directive *d)
{
    pel_buf_addf(out, "a whole number from %.0f to %.0f", d->min, d->max);
    if (*d->allowed)
        pel_buf_addf(out, " or \"%s\"", d->allowed);
}

static void allowed_strings(struct pel_buf *out, const struct pel_directive *d)
{
    pel_buf_addf(out, "a list of ");
    if (d->min > 0)
        pel_buf_addf(out, "%.0f to %.0f ", d->min, d->max);
    else
        pel_buf_addf(out, "at most %.0f ", d->max);
    pel_buf_addf(out, "string%s", d->max == 1 ? "" : "s");
    if (*d->allowed) {
        pel_buf_addf(out, " out of ");
        add_words(out, d->allowed, " and ");
    }
}

void pel_explain_allowed(struct pel_buf *out, const struct pel_directive *d)
{
    switch (d->type) {
    case PEL_TYPE_BOOL:
        pel_buf_addf(out, "true or false");
        break;
    case PEL_TYPE_COUNT:
        allowed_count(out, d);
        break;
    case PEL_TYPE_DURATION:
        pel_buf_addf(out, "a duration from ");
        add_duration(out, d->min);
        pel_buf_addf(out, " to ");
        add_duration(out, d->max);
        pel_buf_addf(out, ", such as \"250ms\" or \"1.5m\"");
        break;
    case PEL_TYPE_SIZE:
        pel_buf_addf(out, "a size from ");
        add_size(out, d->min);
        pel_buf_addf(out, " to ");
        add_size(out, d->max);
        pel_buf_addf(out, ", such as \"64KiB\" or \"1MB\"");
        break;
    case PEL_TYPE_RATIO:
        pel_buf_addf(out, "a number from %g to %g", d->min, d->max);
        break;
    case PEL_TYPE_ENUM:
        add_words(out, d->allowed, " or ");
        break;
    case PEL_TYPE_STRING:
        pel_buf_addf(out, "a string");
        break;
    case PEL_TYPE_STRINGS:
        allowed_strings(out, d);
        break;
    case PEL_TYPE_PAIRS:
        pel_buf_addf(out, "a table of strings, such as { NAME = \"value\" }");
        break;
    case PEL_TYPE_N:
        PEL_UNREACHABLE("a type without a description");
    }
}

const char *pel_explain_source(const struct pel_value *doc, const char *section, const char *key)
{
    const struct pel_value *table = pel_value_find(doc, section);
    const struct pel_value *v = table ? pel_value_find(table, key) : NULL;

    if (v && v->source)
        return v->source;
    if (table && table->source)
        return table->source;
    return doc->source ? doc->source : "configuration";
}

void pel_directive_allowed(const struct pel_directive *d, char *out, size_t len)
{
    struct pel_buf text;

    pel_buf_init(&text);
    pel_explain_allowed(&text, d);
    snprintf(out, len, "%.*s", (int)text.len, text.p);
    pel_buf_fini(&text);
}
