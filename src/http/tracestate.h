/*
 * tracestate - the list that travels beside traceparent. W3C Trace Context Level 2, 3.3.
 */
#ifndef PELLUCID_HTTP_TRACESTATE_H
#define PELLUCID_HTTP_TRACESTATE_H

#include "pellucid/http.h"

/* All tracestate fields of head joined by commas; empty when there is none or any is malformed. */
struct pel_str pel_tracestate_join(const struct pel_head *head, struct pel_arena *arena);

#endif
