#include <inttypes.h>
#include <stdio.h>

#include "exposition.h"
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

static void set_name(struct pel_exposition *e, const char *otel_name, const char *unit)
{
    size_t n = 0;

    for (; otel_name[n] && n < sizeof(e->name) / 2; n++)
        e->name[n] = translate(otel_name[n]);
    snprintf(e->name + n, sizeof(e->name) - n, "%s%s", unit[0] ? "_" : "", unit);
}

void pel_exposition_family(struct pel_exposition *e, const char *otel_name, const char *unit,
                           const char *type, const char *help)
{
    const char *unit_text = unit_name(unit), *type_suffix;

    set_name(e, otel_name, unit_text);
    e->is_counter = strcmp(type, "counter") == 0;
    e->is_ns = strcmp(unit, "ns") == 0;
    /* The old format has no infos, and knows a counter by the name of its sample. */
    type_suffix = e->is_openmetrics           ? ""
                  : e->is_counter             ? "_total"
                  : strcmp(type, "info") == 0 ? "_info"
                                              : "";
    if (!e->is_openmetrics && strcmp(type, "info") == 0)
        type = "gauge";
    pel_buf_addf(e->out, "# HELP %s%s %s\n# TYPE %s%s %s\n", e->name, type_suffix, help, e->name,
                 type_suffix, type);
    if (e->is_openmetrics && unit_text[0])
        pel_buf_addf(e->out, "# UNIT %s %s\n", e->name, unit_text);
}

void pel_exposition_begin(struct pel_exposition *e, const char *suffix)
{
    pel_buf_addf(e->out, "%s%s", e->name, e->is_counter ? "_total" : suffix);
    e->is_open = false;
}

/* Backslash, quote and newline are escaped; bad UTF-8 is replaced. */
static void add_label_value(struct pel_buf *out, struct pel_str value)
{
    struct pel_arena a;
    const char *text;

    pel_arena_init(&a);
    text = pel_text_utf8(&a, value);
    for (; *text; text++) {
        if (*text == '\n')
            pel_buf_add(out, "\\n", 2);
        else if (*text == '\\' || *text == '"')
            pel_buf_addf(out, "\\%c", *text);
        else
            pel_buf_add(out, text, 1);
    }
    pel_arena_reset(&a);
}

void pel_exposition_label(struct pel_exposition *e, const char *otel_name, struct pel_str value)
{
    pel_buf_add(e->out, e->is_open ? "," : "{", 1);
    e->is_open = true;
    for (; *otel_name; otel_name++)
        pel_buf_add(e->out, &(char){translate(*otel_name)}, 1);
    pel_buf_add(e->out, "=\"", 2);
    add_label_value(e->out, value);
    pel_buf_add(e->out, "\"", 1);
}

void pel_exposition_rendered(struct pel_exposition *e, struct pel_str labels)
{
    if (labels.len)
        pel_buf_add_str(e->out, labels);
    e->is_open = labels.len != 0;
}

void pel_exposition_value(struct pel_exposition *e, uint64_t value)
{
    if (e->is_open)
        pel_buf_add(e->out, "}", 1);
    e->is_open = false;
    if (e->is_ns)
        pel_buf_addf(e->out, " %" PRIu64 ".%09" PRIu64 "\n", (uint64_t)(value / PEL_NS_PER_SEC),
                     (uint64_t)(value % PEL_NS_PER_SEC));
    else
        pel_buf_addf(e->out, " %" PRIu64 "\n", value);
}

void pel_exposition_end(struct pel_exposition *e)
{
    if (e->is_openmetrics)
        pel_buf_add_str(e->out, PEL_STR("# EOF\n"));
}
