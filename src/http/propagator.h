/*
 * propagator - trace context in other formats than the W3C's: B3 in one field or in several
 * (openzipkin/b3-propagation), Jaeger's uber-trace-id. Pure functions; any thread. What goes to the
 * app is in http.h.
 */
#ifndef PELLUCID_HTTP_PROPAGATOR_H
#define PELLUCID_HTTP_PROPAGATOR_H

#include "pellucid/http.h"

/* Every field that may hold such a context. */
#define PEL_PROPAGATOR_FIELDS                                                                      \
    (PEL_HEADER_BIT(PEL_HEADER_B3) | PEL_HEADER_BIT(PEL_HEADER_X_B3_TRACEID) |                     \
     PEL_HEADER_BIT(PEL_HEADER_UBER_TRACE_ID))

/* Fills trace_id, parent_span_id, flags and is_debug from the fields of a word of
 * trace.propagators; false when they are not there, or malformed. *is_undecided: they leave it to
 * us whether it is sampled. */
bool pel_propagator_take(const char *word, const struct pel_head *head, struct pel_trace *out,
                         bool *is_undecided);

/* len bytes from up to 2 * len lower-case digits, the missing ones zeros; false for other digits,
 * and when there are only zeros. */
bool pel_trace_read_id(struct pel_str s, uint8_t *out, size_t len);

#endif
