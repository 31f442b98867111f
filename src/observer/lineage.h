/*
 * lineage - which of the app's own spans are below a request, as a tree.
 *
 * Owner: the caller, on its stack; what it points to is pel_recent's. Spans come in any order, and
 * one trace may have several requests: who belongs to which is found out by their parents. Those of
 * an SDK in the app, which the server does not know, are passed over.
 */
#ifndef PELLUCID_OBSERVER_LINEAGE_H
#define PELLUCID_OBSERVER_LINEAGE_H

#include "children.h"
#include "pellucid/span.h"

#define PEL_LINEAGE_N_MAX 256

struct pel_lineage_member {
    const struct pel_child_entry *e;
    uint16_t parent; /* place + 1 of its parent while members are gathered; 0: the request */
    uint16_t depth;  /* 1: right below the request */
};

struct pel_lineage {
    const struct pel_span_entry *request;
    struct pel_lineage_member members[PEL_LINEAGE_N_MAX]; /* each behind its parent, by start */
    size_t n;
    bool is_cut; /* there are more than there is room for */
};

/* The spans below request that are in any of the n lists. */
void pel_lineage_find(struct pel_lineage *l, const struct pel_span_entry *request,
                      const struct pel_children *lists, size_t n);

#endif
