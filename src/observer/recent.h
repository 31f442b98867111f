/*
 * recent - the last requests, kept for people: what /spans shows without a collector.
 *
 * Owner: the observer's one thread. Copies of span entries in two rings, so that a busy server does
 * not push out the slow and the failed ones.
 */
#ifndef PELLUCID_OBSERVER_RECENT_H
#define PELLUCID_OBSERVER_RECENT_H

#include "pellucid/span.h"

#define PEL_RECENT_ORDINARY 256
#define PEL_RECENT_NOTABLE 128

struct pel_recent_item {
    struct pel_span_entry *entry; /* owned; NULL = not used yet */
    size_t room;                  /* bytes there are for it */
    unsigned slot;
    uint64_t wall_offset_ns; /* as it was then */
};

struct pel_recent {
    struct pel_recent_item ordinary[PEL_RECENT_ORDINARY], notable[PEL_RECENT_NOTABLE];
    uint64_t n_ordinary, n_notable; /* ever added */
};

void pel_recent_init(struct pel_recent *r);
void pel_recent_fini(struct pel_recent *r);

/* Copies the entry. */
void pel_recent_add(struct pel_recent *r, const struct pel_span_entry *e, unsigned slot,
                    uint64_t wall_offset_ns);

/* Fills out (PEL_RECENT_ORDINARY + PEL_RECENT_NOTABLE of them) with the requests kept, the one that
 * ended last first; returns how many. The items stay the list's own. */
size_t pel_recent_list(const struct pel_recent *r, const struct pel_recent_item **out);

#endif
