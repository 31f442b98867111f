/*
 * tracestate - the list that travels beside traceparent. W3C Trace Context Level 2, 3.3.
 */
#ifndef PELLUCID_HTTP_TRACESTATE_H
#define PELLUCID_HTTP_TRACESTATE_H

#include "pellucid/http.h"

#define PEL_TRACESTATE_MEMBERS_MAX 32
#define PEL_TRACESTATE_VALUE_MAX 256 /* bytes of one member's value */

/* All tracestate fields of head joined by commas; empty when there is none or any is malformed. */
struct pel_str pel_tracestate_join(const struct pel_head *head, struct pel_arena *arena);

#endif
