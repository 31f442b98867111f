#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "exposition.h"
#include "pellucid/put.h"
#include "pellucid/escape.h"
#include "pellucid/time.h"
#include "text.h"

static const char *unit_name(const char *unit)
{
    if (strcmp(unit, "ns") == 0 || strcmp(unit, "s") == 0)
        return "seconds";
    if (strcmp(unit, "By") == 0)
        return "bytes";
    return ""; /* {request} and the like are no unit */
}

static char translate(char c)
{
    bool is_kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

    return is_kept ? c : '_';
}

/* The length of a name without that word, where it has it at its end, behind others. */
static size_t len_without(const char *name, size_t len, const char *word)
{
    size_t cut = strlen(word) + 1;
    bool has_it = len > cut && translate(name[len - cut]) == '_' &&
                  memcmp(name + len - cut + 1, word, cut - 1) == 0;

    return has_it ? len - cut : len;
}

/* Prometheus keeps the suffix _count for histograms: process.thread.count is process_thread. What
 * is added to a name is not added to one that has it: total, and the unit. */
static size_t stem_len(const char *otel_name, const char *unit, const char *type)
{
    size_t len = strlen(otel_name);

    if (strcmp(type, "counter") == 0)
        len = len_without(otel_name, len, "total");
    if (strcmp(type, "histogram") != 0 && len > 6 && memcmp(otel_name + len - 6, ".count", 6) == 0)
        len -= 6;
    return unit[0] ? len_without(otel_name, len, unit) : len;
}

void pel_exposition_name(char out[PEL_EXPOSITION_NAME_LEN], const char *otel_name,
                         const char *otel_unit, const char *type)
{
    const char *unit = unit_name(otel_unit);
    size_t n = 0, len = stem_len(otel_name, unit, type);

    for (; n < len && n < PEL_EXPOSITION_NAME_LEN / 2; n++)
        out[n] = translate(otel_name[n]);
    snprintf(out + n, PEL_EXPOSITION_NAME_LEN - n, "%s%s", unit[0] ? "_" : "", unit);
}

/* One line; the app may have written it. The old format does not know an escaped quote. */
static void add_help(const struct pel_exposition *e, const char *text)
{
    for (; *text; text++) {
        if (*text == '\\' || (*text == '"' && e->is_openmetrics))
            pel_buf_add(e->out, "\\", 1);
        pel_buf_add(e->out, text, 1);
    }
}

void pel_exposition_family(struct pel_exposition *e, const char *otel_name, const char *unit,
                           const char *type, const char *help)
{
    const char *unit_text = unit_name(unit), *type_suffix;

    pel_exposition_name(e->name, otel_name, unit, type);
    e->is_counter = strcmp(type, "counter") == 0;
    e->is_ns = strcmp(unit, "ns") == 0;
    /* The old format has no infos, and knows a counter by the name of its sample. */
    type_suffix = e->is_openmetrics           ? ""
                  : e->is_counter             ? "_total"
                  : strcmp(type, "info") == 0 ? "_info"
                                              : "";
    if (!e->is_openmetrics && strcmp(type, "info") == 0)
        type = "gauge";
    pel_buf_addf(e->out, "# HELP %s%s ", e->name, type_suffix);
    add_help(e, help[0] ? help : otel_name); /* promtool wants one */
    pel_buf_addf(e->out, "\n# TYPE %s%s %s\n", e->name, type_suffix, type);
    if (e->is_openmetrics && unit_text[0])
        pel_buf_addf(e->out, "# UNIT %s %s\n", e->name, unit_text);
}

void pel_exposition_begin(struct pel_exposition *e, const char *suffix)
{
    pel_buf_add(e->out, e->name, strlen(e->name));
    if (e->is_counter)
        suffix = "_total";
    pel_buf_add(e->out, suffix, strlen(suffix));
    e->is_open = false;
}

static bool is_plain(char c)
{
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

/* How many bytes of a label value stand for themselves. */
static size_t plain_len(struct pel_str value)
{
    size_t n = 0;

    while (n < value.len && is_plain(value.p[n]))
        n++;
    return n;
}

/* Backslash, quote and newline are escaped; what is not UTF-8, and NUL, is replaced. */
static void add_label_value(struct pel_buf *out, struct pel_str value)
{
    while (value.len) {
        size_t plain = plain_len(value), n;

        pel_buf_add(out, value.p, plain);
        value = pel_str(value.p + plain, value.len - plain);
        if (value.len == 0)
            return;
        n = *value.p ? pel_utf8_len(value.p, value.len) : 0;
        if (*value.p == '\n')
            pel_buf_add(out, "\\n", 2);
        else if (*value.p == '\\' || *value.p == '"')
            pel_buf_addf(out, "\\%c", *value.p);
        else
            pel_buf_add_str(out, n ? pel_str(value.p, n) : PEL_STR(PEL_UTF8_REPLACEMENT));
        n = n ? n : 1;
        value = pel_str(value.p + n, value.len - n);
    }
}

/* A digit cannot be the first character, two underscores are Prometheus' own, and the le of a
 * histogram is no one else's. */
static const char *label_prefix(const char *otel_name)
{
    bool is_digit = *otel_name >= '0' && *otel_name <= '9';

    if (strlen(otel_name) > 1 && translate(otel_name[0]) == '_' && translate(otel_name[1]) == '_')
        return "key";
    return is_digit || strcmp(otel_name, "le") == 0 ? "_" : "";
}

/* The next character of a translated name, '\0' at its end. */
static char next_char(const char **prefix, const char **otel_name)
{
    if (**prefix)
        return *(*prefix)++;
    return **otel_name ? translate(*(*otel_name)++) : '\0';
}

/* By their names in the exposition: 0 when they are the same. */
static int compare_labels(const char *a, const char *b)
{
    const char *a_prefix = label_prefix(a), *b_prefix = label_prefix(b);
    char c, d;

    do {
        c = next_char(&a_prefix, &a);
        d = next_char(&b_prefix, &b);
    } while (c && c == d);
    return c - d;
}

static void begin_label(struct pel_exposition *e, const char *prefix, const char *otel_name)
{
    char *begin = pel_buf_reserve(e->out, strlen(prefix) + strlen(otel_name) + 3), *at = begin, c;

    *at++ = e->is_open ? ',' : '{';
    e->is_open = true;
    while ((c = next_char(&prefix, &otel_name)))
        *at++ = c;
    *at++ = '=';
    *at++ = '"';
    e->out->len += (size_t)(at - begin);
}

static void add_value(struct pel_exposition *e, const struct pel_label *l)
{
    switch (l->type) {
    case PEL_ATTRIBUTE_STR:
        add_label_value(e->out, l->text);
        break;
    case PEL_ATTRIBUTE_INT:
        pel_buf_addf(e->out, "%" PRId64, l->number);
        break;
    case PEL_ATTRIBUTE_FLOAT:
        pel_buf_addf(e->out, "%.15g", l->real);
        break;
    case PEL_ATTRIBUTE_BOOL:
        pel_buf_addf(e->out, "%s", l->number ? "true" : "false");
        break;
    }
}

static bool is_same_label(const struct pel_label *a, const struct pel_label *b)
{
    return compare_labels(a->key, b->key) == 0;
}

/* The label at, unless its name was there before, with the values of all that have its name. An
 * empty one is none to Prometheus. */
static void add_label(struct pel_exposition *e, const struct pel_label *all, size_t n, size_t at)
{
    size_t before = e->out->len, value_at;
    bool was_open = e->is_open;

    for (size_t i = 0; i < at; i++)
        if (is_same_label(&all[i], &all[at]))
            return;
    begin_label(e, label_prefix(all[at].key), all[at].key);
    value_at = e->out->len;
    add_value(e, &all[at]);
    for (size_t i = at + 1; i < n; i++) {
        if (!is_same_label(&all[i], &all[at]))
            continue;
        pel_buf_add(e->out, ";", 1);
        add_value(e, &all[i]);
    }
    if (e->out->len > value_at) {
        pel_buf_add(e->out, "\"", 1);
        return;
    }
    e->out->len = before;
    e->is_open = was_open;
}

void pel_exposition_labels(struct pel_exposition *e, const struct pel_label *labels, size_t n)
{
    for (size_t i = 0; i < n; i++)
        add_label(e, labels, n, i);
}

void pel_exposition_sort(struct pel_labels *ls)
{
    for (size_t i = 1; i < ls->n; i++) {
        struct pel_label moved = ls->items[i];
        size_t at = i;

        for (; at && compare_labels(ls->items[at - 1].key, moved.key) > 0; at--)
            ls->items[at] = ls->items[at - 1];
        ls->items[at] = moved;
    }
}

void pel_exposition_bound(struct pel_exposition *e, const char *bound)
{
    begin_label(e, "", "le");
    pel_buf_addf(e->out, "%s\"", bound);
}

void pel_exposition_rendered(struct pel_exposition *e, struct pel_str labels)
{
    if (labels.len)
        pel_buf_add_str(e->out, labels);
    e->is_open = labels.len != 0;
}

/* 1.234567890 */
static char *put_seconds(char *at, uint64_t ns)
{
    uint64_t rest = ns % PEL_NS_PER_SEC;

    at = pel_put_number(at, ns / PEL_NS_PER_SEC);
    *at++ = '.';
    for (uint64_t digit = PEL_NS_PER_SEC / 10; digit; digit /= 10)
        *at++ = (char)('0' + rest / digit % 10);
    return at;
}

void pel_exposition_value(struct pel_exposition *e, uint64_t value)
{
    char *begin = pel_buf_reserve(e->out, 2 * PEL_NUMBER_MAX + 4), *at = begin;

    if (e->is_open)
        *at++ = '}';
    *at++ = ' ';
    e->is_open = false;
    at = e->is_ns ? put_seconds(at, value) : pel_put_number(at, value);
    *at++ = '\n';
    e->out->len += (size_t)(at - begin);
}

void pel_exposition_exemplar(struct pel_exposition *e, const struct pel_exemplar *exemplar,
                             bool is_ns)
{
    static const char trace[] = " # {trace_id=\"", span[] = "\",span_id=\"";
    char number[PEL_NUMBER_MAX + 16], *end;

    if (!e->is_openmetrics || exemplar->wall_ns == 0)
        return;
    e->out->len--; /* the newline */
    pel_buf_add(e->out, trace, sizeof(trace) - 1);
    pel_text_add_hex(e->out, exemplar->trace_id, sizeof(exemplar->trace_id));
    pel_buf_add(e->out, span, sizeof(span) - 1);
    pel_text_add_hex(e->out, exemplar->span_id, sizeof(exemplar->span_id));
    pel_buf_add(e->out, "\"} ", 3);
    end = is_ns ? put_seconds(number, exemplar->value) : pel_put_number(number, exemplar->value);
    *end++ = ' ';
    pel_buf_add(e->out, number, (size_t)(end - number));
    end = put_seconds(number, exemplar->wall_ns);
    *end++ = '\n';
    pel_buf_add(e->out, number, (size_t)(end - number));
}

void pel_exposition_real(struct pel_exposition *e, double value)
{
    char text[32];

    if (e->is_open)
        pel_buf_add(e->out, "}", 1);
    e->is_open = false;
    snprintf(text, sizeof(text), "%.15g", value);
    if (strtod(text, NULL) != value)
        snprintf(text, sizeof(text), "%.17g", value);
    pel_buf_addf(e->out, " %s\n", text);
}

void pel_exposition_end(struct pel_exposition *e)
{
    if (e->is_openmetrics)
        pel_buf_add_str(e->out, PEL_STR("# EOF\n"));
}
