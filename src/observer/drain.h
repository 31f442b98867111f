/*
 * drain - out of the rings: reads what workers and supervisor wrote, and sleeps when they write
 * nothing.
 *
 * One thread, that of the loop. While spans come in, the rings are read each PEL_DRAIN_MS, or
 * sooner when one fills (workers poke a napping observer about that). A turn that finds nothing
 * sends the observer to sleep, without a timer; the next span wakes it through the eventfd.
 */
#ifndef PELLUCID_OBSERVER_DRAIN_H
#define PELLUCID_OBSERVER_DRAIN_H

#include <uv.h>

#include "pellucid/child.h"
#include "pellucid/logline.h"
#include "pellucid/shm.h"
#include "pellucid/span.h"

#define PEL_DRAIN_MS 250
#define PEL_DRAIN_FIRST_MS 50 /* after the poke that ended a sleep: more is likely to come */

struct pel_drain {
    struct pel_shm *shm; /* borrowed */
    uv_poll_t poke;
    uv_timer_t timer;
    uint64_t now_ns;         /* monotonic time at the beginning of the last turn */
    uint64_t wall_offset_ns; /* wall time less that */
    /* Called for every span; the entry lives until the return. */
    void (*on_span)(struct pel_drain *d, unsigned slot, const struct pel_span_entry *e);
    /* The same for each span of the app's own. */
    void (*on_child)(struct pel_drain *d, const struct pel_child_entry *e);
    /* The same for each line of a log. */
    void (*on_logline)(struct pel_drain *d, const struct pel_logline_entry *e);
    /* Called after each turn that read something. */
    void (*on_turn)(struct pel_drain *d);
    struct pel_ring_entry *room; /* owned */
    bool has_warned;
};

/* The functions must be set. Begins with a turn: there may be entries of before. */
void pel_drain_start(struct pel_drain *d, uv_loop_t *loop, struct pel_shm *shm);

/* Reads everything there is, now. Returns how many entries. */
size_t pel_drain_turn(struct pel_drain *d);

/* The loop must run once more for the handles to go. */
void pel_drain_stop(struct pel_drain *d);

#endif
