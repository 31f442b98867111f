/*
 * recent - the last requests, kept for people: what /spans shows without a collector.
 *
 * Owner: the observer's one thread. Copies of span entries in two rings, so that a busy server does
 * not push out the slow and the failed ones; the app's own spans below them in two lists, likewise.
 */
#ifndef PELLUCID_OBSERVER_RECENT_H
#define PELLUCID_OBSERVER_RECENT_H

#include "lineage.h"

#define PEL_RECENT_ORDINARY 256
#define PEL_RECENT_NOTABLE 128

struct pel_recent_item {
    struct pel_span_entry *entry; /* owned; NULL = not used yet */
    size_t room;                  /* bytes there are for it */
    unsigned slot;
    uint64_t wall_offset_ns; /* as it was then */
    bool has_lost_children;  /* a notable one: some did not get into its list */
};

enum pel_recent_children {
    PEL_RECENT_CHILDREN,
    PEL_RECENT_CHILDREN_NOTABLE,
    PEL_RECENT_CHILDREN_N
};

struct pel_recent {
    struct pel_recent_item ordinary[PEL_RECENT_ORDINARY], notable[PEL_RECENT_NOTABLE];
    uint64_t n_ordinary, n_notable; /* ever added */
    struct pel_children children[PEL_RECENT_CHILDREN_N];
    uint8_t notable_at[1024]; /* by the end of the trace id: where the last notable one is */
};

void pel_recent_init(struct pel_recent *r);
void pel_recent_fini(struct pel_recent *r);

/* Copies the entry. */
void pel_recent_add(struct pel_recent *r, const struct pel_span_entry *e, unsigned slot,
                    uint64_t wall_offset_ns);

/* Copies what is kept of a span of the app's own, which may come before or after its request. */
void pel_recent_add_child(struct pel_recent *r, const struct pel_child_entry *e);

/* The spans below a request of the list; they live until the next add. False: there may have been
 * more of them. */
bool pel_recent_children(const struct pel_recent *r, const struct pel_recent_item *item,
                         struct pel_lineage *out);

/* Fills out (PEL_RECENT_ORDINARY + PEL_RECENT_NOTABLE of them) with the requests kept, the one that
 * ended last first; returns how many. The items stay the list's own. */
size_t pel_recent_list(const struct pel_recent *r, const struct pel_recent_item **out);

#endif
