#include <inttypes.h>
#include <stdio.h>

#include "pellucid/attribute.h"
#include "pellucid/escape.h"
#include "spans_children.h"
#include "text.h"

#define INDENT_MAX 24 /* levels; deeper ones are not moved further */

static uint64_t start_of(const struct pel_lineage *l, const struct pel_child_entry *e)
{
    uint64_t began_ns = l->request->stamp_ns[PEL_STAMP_FIRST_BYTE];

    return e->start_ns > began_ns ? e->start_ns - began_ns : 0;
}

static uint64_t duration_of(const struct pel_child_entry *e)
{
    return e->end_ns > e->start_ns ? e->end_ns - e->start_ns : 0;
}

static unsigned indent_of(const struct pel_lineage_member *m)
{
    return m->depth < INDENT_MAX ? m->depth : INDENT_MAX;
}

/* The value for people; numbers are in room. */
static struct pel_str value_text(const struct pel_attribute *a, char room[32])
{
    int len = 0;

    switch (a->type) {
    case PEL_ATTRIBUTE_STR:
        return a->text;
    case PEL_ATTRIBUTE_INT:
        len = snprintf(room, 32, "%" PRId64, a->integer);
        break;
    case PEL_ATTRIBUTE_FLOAT:
        len = snprintf(room, 32, "%.15g", a->real);
        break;
    case PEL_ATTRIBUTE_BOOL:
        return a->integer ? PEL_STR("true") : PEL_STR("false");
    }
    return pel_str(room, (size_t)len);
}

/* --- HTML --- */

static void add_attributes_html(struct pel_buf *out, const struct pel_child_entry *e)
{
    struct pel_str packed = pel_child_string(e, PEL_CHILD_ATTRIBUTES);
    struct pel_attribute a;
    char room[32];

    while (pel_attribute_next(&packed, &a)) {
        pel_buf_add_str(out, PEL_STR(" <code>"));
        pel_text_add_html(out, a.key);
        pel_buf_add(out, "=", 1);
        pel_text_add_html(out, value_text(&a, room));
        pel_buf_add_str(out, PEL_STR("</code>"));
    }
}

static void add_row(struct pel_buf *out, const struct pel_lineage *l,
                    const struct pel_lineage_member *m, unsigned n_columns)
{
    struct pel_str type = pel_child_string(m->e, PEL_CHILD_EXC_TYPE);

    pel_buf_addf(out, "<tr%s><td class=n>+", type.len ? " class=failed" : "");
    pel_text_add_duration(out, start_of(l, m->e));
    pel_buf_addf(out, "<td style=\"padding-left:%uem\">", indent_of(m) * 2);
    pel_text_add_html(out, pel_child_string(m->e, PEL_CHILD_NAME));
    add_attributes_html(out, m->e);
    if (type.len) {
        pel_buf_add_str(out, PEL_STR("<br>"));
        pel_text_add_html(out, type);
        pel_buf_add_str(out, PEL_STR(": "));
        pel_text_add_html(out, pel_child_string(m->e, PEL_CHILD_EXC_MESSAGE));
    }
    pel_buf_addf(out, "<td>%s<td class=n>", type.len ? "error" : "");
    pel_text_add_duration(out, duration_of(m->e));
    pel_buf_addf(out, "<td colspan=%u>\n", n_columns - 4);
}

void pel_spans_children_html(struct pel_buf *out, const struct pel_view *v,
                             const struct pel_recent_item *item, unsigned n_columns)
{
    struct pel_lineage l;
    bool has_all = pel_recent_children(v->recent, item, &l);

    for (size_t i = 0; i < l.n; i++)
        add_row(out, &l, &l.members[i], n_columns);
    if (l.n && !has_all)
        pel_buf_addf(out, "<tr><td><td colspan=%u>(there was no room for all of its spans)\n",
                     n_columns - 1);
}

/* --- text --- */

static void add_printable(struct pel_buf *out, struct pel_str s)
{
    struct pel_arena a;

    pel_arena_init(&a);
    pel_buf_addf(out, "%s", pel_text_printable(&a, s));
    pel_arena_reset(&a);
}

static void add_attributes_text(struct pel_buf *out, const struct pel_child_entry *e)
{
    struct pel_str packed = pel_child_string(e, PEL_CHILD_ATTRIBUTES);
    struct pel_attribute a;
    char room[32];

    while (pel_attribute_next(&packed, &a)) {
        pel_buf_add_str(out, PEL_STR("  "));
        add_printable(out, a.key);
        pel_buf_add(out, "=", 1);
        add_printable(out, value_text(&a, room));
    }
}

static void add_line(struct pel_buf *out, const struct pel_lineage *l,
                     const struct pel_lineage_member *m)
{
    struct pel_str type = pel_child_string(m->e, PEL_CHILD_EXC_TYPE);

    pel_buf_addf(out, "%*s+", (int)indent_of(m) * 4, "");
    pel_text_add_duration(out, start_of(l, m->e));
    pel_buf_add_str(out, PEL_STR("  "));
    pel_text_add_duration(out, duration_of(m->e));
    pel_buf_add_str(out, PEL_STR("  "));
    add_printable(out, pel_child_string(m->e, PEL_CHILD_NAME));
    add_attributes_text(out, m->e);
    if (type.len) {
        pel_buf_add_str(out, PEL_STR("  error="));
        add_printable(out, type);
    }
    pel_buf_add(out, "\n", 1);
}

void pel_spans_children_text(struct pel_buf *out, const struct pel_view *v,
                             const struct pel_recent_item *item)
{
    struct pel_lineage l;
    bool has_all = pel_recent_children(v->recent, item, &l);

    for (size_t i = 0; i < l.n; i++)
        add_line(out, &l, &l.members[i]);
    if (l.n && !has_all)
        pel_buf_add_str(out, PEL_STR("    (there was no room for all of its spans)\n"));
}

/* --- JSON --- */

static void add_value(struct pel_json *j, const char *key, const struct pel_attribute *a)
{
    switch (a->type) {
    case PEL_ATTRIBUTE_STR:
        pel_json_str(j, key, a->text);
        break;
    case PEL_ATTRIBUTE_INT:
        pel_json_int(j, key, a->integer);
        break;
    case PEL_ATTRIBUTE_FLOAT:
        pel_json_real(j, key, a->real);
        break;
    case PEL_ATTRIBUTE_BOOL:
        pel_json_bool(j, key, a->integer);
        break;
    }
}

static void add_attributes_json(struct pel_json *j, const struct pel_child_entry *e)
{
    struct pel_str packed = pel_child_string(e, PEL_CHILD_ATTRIBUTES);
    char key[PEL_ATTRIBUTE_KEY_MAX * 6 + 16];
    struct pel_attribute a;

    pel_json_open(j, "attributes", '{');
    while (pel_attribute_next(&packed, &a)) {
        key[pel_escape_json(key, sizeof(key) - 1, a.key)] = '\0';
        add_value(j, key, &a);
    }
    pel_json_close(j, '}');
}

static void add_member(struct pel_json *j, const struct pel_lineage *l,
                       const struct pel_lineage_member *m)
{
    pel_json_open(j, NULL, '{');
    pel_json_str(j, "name", pel_child_string(m->e, PEL_CHILD_NAME));
    pel_json_uint(j, "depth", m->depth);
    pel_json_hex(j, "span_id", m->e->span_id, sizeof(m->e->span_id));
    pel_json_hex(j, "parent_span_id", m->e->parent_span_id, sizeof(m->e->parent_span_id));
    pel_json_seconds(j, "offset_seconds", start_of(l, m->e));
    pel_json_seconds(j, "duration_seconds", duration_of(m->e));
    pel_json_str(j, "error", pel_child_string(m->e, PEL_CHILD_EXC_TYPE));
    pel_json_str(j, "error_message", pel_child_string(m->e, PEL_CHILD_EXC_MESSAGE));
    add_attributes_json(j, m->e);
    pel_json_close(j, '}');
}

void pel_spans_children_json(struct pel_json *j, const struct pel_view *v,
                             const struct pel_recent_item *item)
{
    struct pel_lineage l;
    bool has_all = pel_recent_children(v->recent, item, &l);

    pel_json_open(j, "children", '[');
    for (size_t i = 0; i < l.n; i++)
        add_member(j, &l, &l.members[i]);
    pel_json_close(j, ']');
    pel_json_bool(j, "has_all_children", has_all);
}
