/*
 * encode - span entries and log lines as OTLP: HTTP semantic conventions 1.44, and pellucid.* for
 * what they do not know.
 *
 * One thread, that of the observer's loop; the one place that knows names of span attributes.
 */
#ifndef PELLUCID_OBSERVER_ENCODE_H
#define PELLUCID_OBSERVER_ENCODE_H

#include "pellucid/arena.h"
#include "pellucid/buf.h"
#include "pellucid/child.h"
#include "pellucid/conf.h"
#include "pellucid/logline.h"
#include "node.h"
#include "pellucid/span.h"

#define PEL_SCHEMA_URL "https://opentelemetry.io/schemas/1.44.0"

/* Allocates; wall_offset_ns is what must be added to monotonic stamps. Of the caller from now on.
 */
struct pel_export_node *pel_encode_span(const struct pel_span_entry *e, unsigned slot,
                                        uint64_t wall_offset_ns, struct pel_arena *scratch);

/* The same for a span of the app's own. */
struct pel_export_node *pel_encode_child(const struct pel_child_entry *e, uint64_t wall_offset_ns);

/* The same for a line of the log. */
struct pel_export_node *pel_encode_logline(const struct pel_logline_entry *e,
                                           uint64_t observed_wall_ns);

/* What the span is called: "GET /orders/{id}", "GET", "HTTP". Terminated, in the arena. */
char *pel_encode_name(const struct pel_span_entry *e, struct pel_arena *a);

/* error.type of the span: one of tbl/errors.h, the status code, or "" when it did not fail. */
const char *pel_encode_error_type(const struct pel_span_entry *e, char room[8]);

/* Appends an ExportTraceServiceRequest of all nodes on the list, one ResourceSpans a worker; or, of
 * log records, an ExportLogsServiceRequest, which has the same form. */
void pel_encode_request(struct pel_buf *out, const struct pel_conf *conf,
                        const struct pel_list *nodes);

#endif
