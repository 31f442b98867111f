#include "encode.h"
#include "encode_parts.h"

struct pel_export_node *pel_encode_child(const struct pel_child_entry *e, uint64_t wall_offset_ns)
{
    struct pel_str error_type = pel_child_string(e, PEL_CHILD_EXC_TYPE);
    uint64_t end_ns = (e->end_ns > e->start_ns ? e->end_ns : e->start_ns) + wall_offset_ns;
    struct pel_wire w = pel_encode_room();
    const char *begin = w.p, *attributes;

    pel_encode_ids(&w, e->trace_id, e->span_id, e->parent_span_id,
                   pel_child_string(e, PEL_CHILD_TRACE_STATE));
    pel_wire_text(&w, PEL_OTLP_SPAN_NAME, pel_child_string(e, PEL_CHILD_NAME));
    pel_wire_varint(&w, PEL_OTLP_SPAN_KIND, OTLP__SPAN_KIND__SPAN_KIND_INTERNAL);
    pel_wire_fixed64(&w, PEL_OTLP_SPAN_START, e->start_ns + wall_offset_ns);
    pel_wire_fixed64(&w, PEL_OTLP_SPAN_END, end_ns);
    attributes = w.p;
    if (error_type.len)
        pel_keyvalue_str(&w, PEL_OTLP_SPAN_ATTRIBUTES, PEL_STR("error.type"), error_type);
    pel_keyvalue_packed(&w, PEL_OTLP_SPAN_ATTRIBUTES, attributes,
                        pel_child_string(e, PEL_CHILD_ATTRIBUTES));
    if (error_type.len) {
        pel_encode_exception(&w, end_ns, error_type, pel_child_string(e, PEL_CHILD_EXC_MESSAGE),
                             pel_child_string(e, PEL_CHILD_EXC_STACK));
        pel_encode_failure(&w);
    }
    pel_encode_flags(&w, e->trace_flags, false);
    return pel_encode_node(begin, w.p, e->instance_id, e->pid, error_type.len > 0);
}
