/*
 * held - the slowest requests of each route and minute, until the minute is over.
 *
 * Owner: the observer's one thread. Workers flag candidates (probe/slowest.h); the PEL_SLOWEST_N
 * slowest of each route are held, encoded, and handed on together: when a candidate of the next
 * minute comes, soon after the minute's end in any case, and at a stop. Routes beyond
 * PEL_HELD_ROUTES have to wait for the next minute.
 */
#ifndef PELLUCID_OBSERVER_HELD_H
#define PELLUCID_OBSERVER_HELD_H

#include <uv.h>

#include "encode.h"

#define PEL_HELD_ROUTES 512
#define PEL_HELD_GRACE_NS (2 * PEL_NS_PER_SEC) /* for entries that are still in a ring */

struct pel_held_route {
    char *name; /* owned: as the spans are called */
    struct {
        struct pel_export_node *node; /* owned; NULL = not used */
        uint64_t duration_ns;
    } slowest[PEL_SLOWEST_N];
};

struct pel_held {
    struct pel_held_route routes[PEL_HELD_ROUTES];
    size_t n;
    uint64_t minute; /* of what is held */
    uv_timer_t timer;
    /* Takes a node over; called for each, then with NULL. */
    void (*on_done)(struct pel_held *h, struct pel_export_node *node);
};

/* on_done must be set. */
void pel_held_start(struct pel_held *h, uv_loop_t *loop);
/* Encodes the entry if it is one of the slowest so far; the rest as for pel_encode_span. One that
 * ends in the future is nonsense of its worker, and left out. */
void pel_held_add(struct pel_held *h, const struct pel_span_entry *e, unsigned slot,
                  uint64_t wall_offset_ns, struct pel_arena *scratch);
/* Hands on everything that is held. */
void pel_held_flush(struct pel_held *h);
/* Drops what is held. The loop must run once more for the handle to go. */
void pel_held_stop(struct pel_held *h);

#endif
