#include "encode.h"
#include "spans_children.h"
#include "status_routes.h"

#define KEPT_MAX 32

static const char *reason(const struct pel_span_entry *e)
{
    if (e->flags & PEL_SPAN_FAILED)
        return "error";
    if (e->flags & PEL_SPAN_TIMED_OUT)
        return "timeout";
    return e->flags & PEL_SPAN_SLOW ? "slow" : "kept";
}

static void add_request(struct pel_json *j, const struct pel_view *v,
                        const struct pel_recent_item *item, struct pel_arena *a)
{
    const struct pel_span_entry *e = item->entry;
    uint64_t start_ns = e->stamp_ns[PEL_STAMP_FIRST_BYTE],
             end_ns = e->stamp_ns[PEL_STAMP_LAST_BYTE];
    char room[8];

    pel_json_open(j, NULL, '{');
    pel_json_cstr(j, "name", pel_encode_name(e, a));
    pel_json_str(j, "path", pel_span_string(e, PEL_SPAN_STR_PATH));
    pel_json_cstr(j, "reason", reason(e));
    pel_json_time(j, "start", start_ns + item->wall_offset_ns);
    pel_json_seconds(j, "duration_seconds", end_ns > start_ns ? end_ns - start_ns : 0);
    pel_json_uint(j, "status", e->status);
    pel_json_cstr(j, "error", pel_encode_error_type(e, room));
    pel_json_str(j, "exception", pel_span_string(e, PEL_SPAN_STR_EXC_TYPE));
    pel_json_hex(j, "trace_id", e->trace_id, sizeof(e->trace_id));
    pel_json_hex(j, "span_id", e->span_id, sizeof(e->span_id));
    pel_json_uint(j, "worker", item->slot);
    pel_spans_children_json(j, v, item);
    pel_json_close(j, '}');
}

void pel_status_add_kept(struct pel_json *j, const struct pel_view *v)
{
    const struct pel_recent_item *items[PEL_RECENT_ORDINARY + PEL_RECENT_NOTABLE];
    size_t n, n_shown = 0;
    struct pel_arena a;

    pel_drain_turn(v->drain);
    n = pel_recent_list(v->recent, items);
    pel_arena_init(&a);
    pel_json_open(j, "kept", '[');
    for (size_t i = 0; i < n && n_shown < KEPT_MAX; i++) {
        if (!(items[i]->entry->flags &
              (PEL_SPAN_SLOW | PEL_SPAN_FAILED | PEL_SPAN_TIMED_OUT | PEL_SPAN_KEPT)))
            continue;
        add_request(j, v, items[i], &a);
        n_shown++;
    }
    pel_json_close(j, ']');
    pel_arena_reset(&a);
}
