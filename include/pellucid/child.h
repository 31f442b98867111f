/*
 * child - a span of the app's own below its request's, on its way to the observer: one ring entry.
 *
 * Written when `pellucid.span` ends in a request that is sampled or kept, so often before the
 * request's own entry; order does not matter. The texts follow each other without terminators, in
 * the order of enum pel_child_string.
 */
#ifndef PELLUCID_CHILD_H
#define PELLUCID_CHILD_H

#include "pellucid/ring.h"

struct pel_probes;

enum pel_child_string {
    PEL_CHILD_NAME = 0,
    PEL_CHILD_TRACE_STATE,
    PEL_CHILD_ATTRIBUTES, /* packed: attribute.h */
    PEL_CHILD_EXC_TYPE,   /* the exception that ended it, UTF-8; empty without one */
    PEL_CHILD_EXC_MESSAGE,
    PEL_CHILD_EXC_STACK,
    PEL_CHILD_STR_N
};

/* A span that has ended; the slices need not outlive the call that writes it. */
struct pel_child {
    uint64_t start_ns, end_ns; /* monotonic */
    uint8_t trace_id[16], span_id[8], parent_span_id[8];
    uint8_t above_span_id[8]; /* of the server that it is below: not of an SDK in the app */
    uint8_t trace_flags;
    struct pel_str strings[PEL_CHILD_STR_N];
};

struct pel_child_entry {
    struct pel_ring_entry ring;
    uint64_t start_ns, end_ns;
    uint8_t trace_id[16], span_id[8], parent_span_id[8], above_span_id[8];
    uint8_t instance_id[16]; /* of the worker: service.instance.id */
    int32_t pid;
    uint8_t trace_flags;
    uint16_t str_len[PEL_CHILD_STR_N];
    char strings[];
};

/* Do spans go anywhere? Constant in a worker. */
bool pel_child_is_wanted(const struct pel_probes *ps);

/* Any thread of the worker. Texts are cut to their bounds; a span that finds the ring full is
 * counted as dropped. */
void pel_child_write(struct pel_probes *ps, const struct pel_child *child);

/* Consumer: as in span.h. */
bool pel_child_is_valid(const struct pel_child_entry *entry);
struct pel_str pel_child_string(const struct pel_child_entry *entry, enum pel_child_string which);

#endif
