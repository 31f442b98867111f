#include <stdio.h>

#include "encode.h"
#include "json.h"
#include "page.h"
#include "pellucid/cputime.h"
#include "pellucid/mem.h"
#include "pellucid/time.h"
#include "spans_children.h"
#include "text.h"

/* Scripts are forbidden by the header that admin.c sends; this page has none. */
static const char html_head[] =
    "<!doctype html><meta charset=utf-8><meta name=viewport content=\"width=device-width\">"
    "<title>Spans</title><style>"
    "body{font:14px/1.4 system-ui,sans-serif;margin:1em}"
    "table{border-collapse:collapse}td,th{padding:.15em .7em;text-align:left;vertical-align:top}"
    "td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    "tr.failed td{background:#fdd}tr.slow td{background:#ffd}"
    "code,pre{font-size:12px}pre{margin:.3em 0;overflow-x:auto}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}a{color:#8af}"
    "tr.failed td{background:#511}tr.slow td{background:#440}}"
    "</style><h1>The last requests</h1><p>Newest first. Red: failed; yellow: slow. "
    "Indented: the app's own spans. <a href=spans.json>JSON</a></p>\n"
    "<table><tr><th>ended<th>request<th>status<th>total<th>queue<th>app<th>first byte<th>worker"
    "<th>trace\n";

#define N_COLUMNS 9 /* of that table */

/* One request as the pages tell of it; texts live in the arena. */
struct row {
    const struct pel_view *v;
    const struct pel_recent_item *item;
    const struct pel_span_entry *e;
    uint64_t start_wall_ns, end_wall_ns;
    const char *name, *error;
    char error_room[8];
    struct pel_str path, query;
};

static uint64_t between(const struct pel_span_entry *e, enum pel_stamp from, enum pel_stamp to)
{
    uint64_t a = e->stamp_ns[from], b = e->stamp_ns[to];

    return a && b > a ? b - a : 0;
}

static void make_row(struct row *r, const struct pel_recent_item *item, struct pel_arena *a)
{
    const struct pel_span_entry *e = item->entry;

    r->item = item;
    r->e = e;
    r->start_wall_ns = e->stamp_ns[PEL_STAMP_FIRST_BYTE] + item->wall_offset_ns;
    r->end_wall_ns = e->stamp_ns[PEL_STAMP_LAST_BYTE] + item->wall_offset_ns;
    r->name = pel_encode_name(e, a);
    r->error = pel_encode_error_type(e, r->error_room);
    r->path = pel_span_string(e, PEL_SPAN_STR_PATH);
    r->query = pel_span_string(e, PEL_SPAN_STR_QUERY);
}

/* Calls show for each request, newest first. */
static void each_row(const struct pel_view *v, void (*show)(void *arg, const struct row *r),
                     void *arg)
{
    const struct pel_recent_item *items[PEL_RECENT_ORDINARY + PEL_RECENT_NOTABLE];
    size_t n;

    pel_drain_turn(v->drain);
    n = pel_recent_list(v->recent, items);
    for (size_t i = 0; i < n; i++) {
        struct pel_arena a;
        struct row r = {.v = v};

        pel_arena_init(&a);
        make_row(&r, items[i], &a);
        show(arg, &r);
        pel_arena_reset(&a);
    }
}

/* --- HTML --- */

static void add_cell(struct pel_buf *out, uint64_t ns)
{
    pel_buf_add_str(out, PEL_STR("<td class=n>"));
    if (ns)
        pel_text_add_duration(out, ns);
}

static void add_exception(struct pel_buf *out, const struct pel_span_entry *e)
{
    struct pel_str type = pel_span_string(e, PEL_SPAN_STR_EXC_TYPE);

    if (!type.len)
        return;
    pel_buf_add_str(out, PEL_STR("<details><summary>"));
    pel_text_add_html(out, type);
    pel_buf_add_str(out, PEL_STR(": "));
    pel_text_add_html(out, pel_span_string(e, PEL_SPAN_STR_EXC_MESSAGE));
    pel_buf_add_str(out, PEL_STR("</summary><pre>"));
    pel_text_add_html(out, pel_span_string(e, PEL_SPAN_STR_EXC_STACK));
    pel_buf_add_str(out, PEL_STR("</pre></details>"));
}

static void add_target(struct pel_buf *out, const struct row *r)
{
    pel_buf_add_str(out, PEL_STR("<td><b>"));
    pel_text_add_html(out, pel_str(r->name, strlen(r->name)));
    pel_buf_add_str(out, PEL_STR("</b> <code>"));
    pel_text_add_html(out, r->path);
    if (r->query.len) {
        pel_buf_add(out, "?", 1);
        pel_text_add_html(out, r->query);
    }
    pel_buf_add_str(out, PEL_STR("</code>"));
    add_exception(out, r->e);
}

static void show_html(void *arg, const struct row *r)
{
    struct pel_buf *out = arg;
    const struct pel_span_entry *e = r->e;
    const char *class = e->flags & PEL_SPAN_FAILED ? " class=failed"
                        : e->flags & PEL_SPAN_SLOW ? " class=slow"
                                                   : "";

    pel_buf_addf(out, "<tr%s><td class=n>", class);
    pel_text_add_time(out, r->end_wall_ns);
    add_target(out, r);
    pel_buf_addf(out, "<td>%u %s", e->status, r->error);
    add_cell(out, between(e, PEL_STAMP_FIRST_BYTE, PEL_STAMP_LAST_BYTE));
    add_cell(out, e->phase_ns[PEL_REQUEST_PHASE_QUEUE]);
    add_cell(out, e->phase_ns[PEL_REQUEST_PHASE_APP]);
    add_cell(out, between(e, PEL_STAMP_FIRST_BYTE, PEL_STAMP_RESPONSE_START));
    pel_buf_addf(out, "<td class=n>%u<td><code>", r->item->slot);
    pel_text_add_hex(out, e->trace_id, sizeof(e->trace_id));
    pel_buf_add_str(out, PEL_STR("</code>\n"));
    pel_spans_children_html(out, r->v, r->item, N_COLUMNS);
}

/* --- text --- */

static void show_text(void *arg, const struct row *r)
{
    struct pel_buf *out = arg;
    struct pel_arena a;

    pel_arena_init(&a);
    pel_text_add_time(out, r->end_wall_ns);
    pel_buf_addf(out, "  %3u  ", r->e->status);
    pel_text_add_duration(out, between(r->e, PEL_STAMP_FIRST_BYTE, PEL_STAMP_LAST_BYTE));
    pel_buf_addf(out, "  %s  ", pel_text_printable(&a, pel_str(r->name, strlen(r->name))));
    pel_buf_addf(out, "%s  worker=%u trace_id=", pel_text_printable(&a, r->path), r->item->slot);
    pel_text_add_hex(out, r->e->trace_id, sizeof(r->e->trace_id));
    if (r->error[0])
        pel_buf_addf(out, " error=%s", r->error);
    pel_buf_add(out, "\n", 1);
    pel_spans_children_text(out, r->v, r->item);
    pel_arena_reset(&a);
}

void pel_page_spans(const struct pel_view *v, const struct pel_head *head, struct pel_page *page)
{
    if (!pel_page_wants_html(head)) {
        page->type = "text/plain; charset=utf-8";
        each_row(v, show_text, &page->body);
        return;
    }
    page->type = "text/html; charset=utf-8";
    pel_buf_add_str(&page->body, PEL_STR(html_head));
    each_row(v, show_html, &page->body);
    pel_buf_add_str(&page->body, PEL_STR("</table>\n"));
}

/* --- JSON --- */

static const char *const stamp_names[PEL_STAMP_N] = {
#define PEL_STAMP(name, text, who) text,
#include "pellucid/tbl/stamps.h"
#undef PEL_STAMP
};

/* Moments as distances from the first byte; those that never came are left out. */
static void add_timeline(struct pel_json *j, const struct pel_span_entry *e)
{
    uint64_t start_ns = e->stamp_ns[PEL_STAMP_FIRST_BYTE];

    pel_json_open(j, "timeline_seconds", '{');
    for (size_t i = PEL_STAMP_FIRST_BYTE; i < PEL_STAMP_N; i++)
        if (e->stamp_ns[i] >= start_ns && e->stamp_ns[i])
            pel_json_seconds(j, stamp_names[i], e->stamp_ns[i] - start_ns);
    pel_json_close(j, '}');
}

static void add_phases(struct pel_json *j, const struct pel_span_entry *e)
{
    pel_json_open(j, "phase_seconds", '{');
    for (size_t i = 0; i < PEL_REQUEST_PHASE_N; i++)
        pel_json_seconds(j, pel_request_phase_texts[i], e->phase_ns[i]);
    pel_json_close(j, '}');
}

static void add_exception_json(struct pel_json *j, const struct pel_span_entry *e)
{
    struct pel_str type = pel_span_string(e, PEL_SPAN_STR_EXC_TYPE);

    if (!type.len)
        return;
    pel_json_open(j, "exception", '{');
    pel_json_str(j, "type", type);
    pel_json_str(j, "message", pel_span_string(e, PEL_SPAN_STR_EXC_MESSAGE));
    pel_json_str(j, "stacktrace", pel_span_string(e, PEL_SPAN_STR_EXC_STACK));
    pel_json_close(j, '}');
}

static void add_ids(struct pel_json *j, const struct pel_span_entry *e)
{
    pel_json_hex(j, "trace_id", e->trace_id, sizeof(e->trace_id));
    pel_json_hex(j, "span_id", e->span_id, sizeof(e->span_id));
    if (e->flags & PEL_SPAN_HAS_PARENT)
        pel_json_hex(j, "parent_span_id", e->parent_span_id, sizeof(e->parent_span_id));
    pel_json_bool(j, "is_sampled", e->flags & PEL_SPAN_SAMPLED);
    pel_json_bool(j, "is_slow", e->flags & PEL_SPAN_SLOW);
    pel_json_bool(j, "is_failed", e->flags & PEL_SPAN_FAILED);
}

static void show_json(void *arg, const struct row *r)
{
    const struct pel_span_entry *e = r->e;
    struct pel_json *j = arg;

    pel_json_open(j, NULL, '{');
    pel_json_cstr(j, "name", r->name);
    pel_json_time(j, "start", r->start_wall_ns);
    pel_json_seconds(j, "duration_seconds", between(e, PEL_STAMP_FIRST_BYTE, PEL_STAMP_LAST_BYTE));
    pel_json_str(j, "method", pel_span_string(e, PEL_SPAN_STR_METHOD));
    pel_json_str(j, "path", r->path);
    pel_json_str(j, "query", r->query);
    pel_json_str(j, "route", pel_span_string(e, PEL_SPAN_STR_ROUTE));
    pel_json_uint(j, "status", e->status);
    pel_json_cstr(j, "error", r->error);
    add_ids(j, e);
    pel_json_str(j, "client", pel_span_string(e, PEL_SPAN_STR_CLIENT));
    pel_json_uint(j, "worker", r->item->slot);
    pel_json_uint(j, "pid", (uint64_t)e->pid);
    pel_json_uint(j, "thread_id", e->thread_id);
    pel_json_uint(j, "bytes_in", e->bytes_in);
    pel_json_uint(j, "bytes_out", e->bytes_out);
    add_timeline(j, e);
    add_phases(j, e);
    if (e->spent.cpu_ns)
        pel_json_seconds(j, pel_cputime_is_known(&e->spent) ? "cpu_seconds" : "cpu_seconds_at_most",
                         e->spent.cpu_ns);
    if (e->accept_ns)
        pel_json_seconds(j, "accept_seconds", e->accept_ns);
    if (e->spent.gil_wait_ns)
        pel_json_seconds(j, "gil_wait_seconds", e->spent.gil_wait_ns);
    add_exception_json(j, e);
    pel_spans_children_json(j, r->v, r->item);
    pel_json_close(j, '}');
}

void pel_page_spans_json(const struct pel_view *v, const struct pel_head *head,
                         struct pel_page *page)
{
    struct pel_json j = {.out = &page->body};

    page->type = "application/json";
    pel_json_open(&j, NULL, '{');
    pel_json_open(&j, "spans", '[');
    each_row(v, show_json, &j);
    pel_json_close(&j, ']');
    pel_json_close(&j, '}');
    pel_buf_add(&page->body, "\n", 1);
}
