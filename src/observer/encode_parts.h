/*
 * encode_parts - what the encoders of requests' spans, of the app's own spans and of log records
 * share.
 *
 * Fields have the numbers of proto/otlp.proto.
 */
#ifndef PELLUCID_OBSERVER_ENCODE_PARTS_H
#define PELLUCID_OBSERVER_ENCODE_PARTS_H

#include "encode.h"
#include "otlp.pb-c.h"
#include "pellucid/keyvalue.h"

#define PEL_OTLP_SPAN_NAME PEL_WIRE_LEN(5)
#define PEL_OTLP_SPAN_KIND PEL_WIRE_VARINT(6)
#define PEL_OTLP_SPAN_START PEL_WIRE_FIXED64(7)
#define PEL_OTLP_SPAN_END PEL_WIRE_FIXED64(8)
#define PEL_OTLP_SPAN_ATTRIBUTES PEL_WIRE_LEN(9)

/* Room for all that is made of an entry: one for all, on the observer's one thread. */
struct pel_wire pel_encode_room(void);

/* The ids of a span. parent: NULL = none; state: tracestate, may be empty. */
void pel_encode_ids(struct pel_wire *w, const uint8_t trace_id[16], const uint8_t span_id[8],
                    const uint8_t parent[8], struct pel_str state);

/* Span.flags; is_remote: the parent is of another process. */
void pel_encode_flags(struct pel_wire *w, uint8_t trace_flags, bool is_remote);

/* A link to a span of another process. */
void pel_encode_link(struct pel_wire *w, const struct pel_trace_link *link);

/* An exception as event of a span. */
void pel_encode_exception(struct pel_wire *w, uint64_t at_wall_ns, struct pel_str type,
                          struct pel_str message, struct pel_str stack);

/* The status of a span that failed. */
void pel_encode_failure(struct pel_wire *w);

/* A node with the bytes from begin to end. */
struct pel_export_node *pel_encode_node(const char *begin, const char *end,
                                        const uint8_t instance_id[16], int32_t pid,
                                        bool is_important);

#endif
