#include "attributes.h"
#include "encode.h"
#include "encode_parts.h"
#include "text.h"

/* Span.flags beyond the eight bits of W3C: the parent is known, and of this process. */
#define FLAG_HAS_IS_REMOTE 0x100U

static void set_ids(Otlp__Span *span, const struct pel_child_entry *e, struct pel_arena *a)
{
    struct pel_str state = pel_child_string(e, PEL_CHILD_TRACE_STATE);

    span->has_trace_id = span->has_span_id = span->has_parent_span_id = span->has_flags = true;
    span->trace_id = (ProtobufCBinaryData){sizeof(e->trace_id), (uint8_t *)e->trace_id};
    span->span_id = (ProtobufCBinaryData){sizeof(e->span_id), (uint8_t *)e->span_id};
    span->parent_span_id =
        (ProtobufCBinaryData){sizeof(e->parent_span_id), (uint8_t *)e->parent_span_id};
    span->flags = e->trace_flags | FLAG_HAS_IS_REMOTE;
    if (state.len)
        span->trace_state = pel_text_utf8(a, state);
}

static void set_times(Otlp__Span *span, const struct pel_child_entry *e, uint64_t wall_offset_ns)
{
    uint64_t end_ns = e->end_ns > e->start_ns ? e->end_ns : e->start_ns;

    span->has_start_time_unix_nano = span->has_end_time_unix_nano = true;
    span->start_time_unix_nano = e->start_ns + wall_offset_ns;
    span->end_time_unix_nano = end_ns + wall_offset_ns;
}

struct pel_export_node *pel_encode_child(const struct pel_child_entry *e, uint64_t wall_offset_ns,
                                         struct pel_arena *scratch)
{
    struct pel_str error_type = pel_child_string(e, PEL_CHILD_EXC_TYPE);
    struct pel_attributes as, event_as;
    Otlp__Span span = OTLP__SPAN__INIT;
    Otlp__SpanStatus status = OTLP__SPAN_STATUS__INIT;
    Otlp__Event *event;

    pel_attributes_init(&as, scratch);
    pel_attributes_init(&event_as, scratch);
    if (error_type.len)
        pel_attributes_str(&as, "error.type", error_type);
    pel_attributes_packed(&as, pel_child_string(e, PEL_CHILD_ATTRIBUTES));
    set_ids(&span, e, scratch);
    set_times(&span, e, wall_offset_ns);
    span.name = pel_text_utf8(scratch, pel_child_string(e, PEL_CHILD_NAME));
    span.has_kind = true;
    span.kind = OTLP__SPAN_KIND__SPAN_KIND_INTERNAL;
    span.attributes = as.items;
    span.n_attributes = as.n;
    event = pel_encode_exception(&event_as, span.end_time_unix_nano, error_type,
                                 pel_child_string(e, PEL_CHILD_EXC_MESSAGE),
                                 pel_child_string(e, PEL_CHILD_EXC_STACK));
    span.events = &event;
    span.n_events = event ? 1 : 0;
    if (error_type.len) {
        status.has_code = true;
        status.code = OTLP__STATUS_CODE__STATUS_CODE_ERROR;
        span.status = &status;
    }
    return pel_encode_pack(&span, e->instance_id, e->pid, error_type.len > 0);
}
