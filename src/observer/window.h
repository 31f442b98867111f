/*
 * window - readings of the routes at intervals, so that there is one to compare with: what happened
 * in the last minute.
 *
 * Owner: the observer, on its one thread. A reading is taken every PEL_WINDOW_STEP_MS in which a
 * request has ended; an idle server costs a glance.
 */
#ifndef PELLUCID_OBSERVER_WINDOW_H
#define PELLUCID_OBSERVER_WINDOW_H

#include <uv.h>

#include "routes.h"

#define PEL_WINDOW_SECONDS 60
#define PEL_WINDOW_STEP_MS 10000
#define PEL_WINDOW_READINGS 8

/* What the routes were from from_ns to until_ns, monotonic. */
struct pel_window_reading {
    uint64_t from_ns, until_ns;
    uint64_t n_requests; /* finished by then */
    struct pel_routes routes;
};

struct pel_window {
    const struct pel_shm *shm; /* borrowed */
    uv_timer_t timer;
    struct pel_window_reading readings[PEL_WINDOW_READINGS]; /* a ring, owned */
    uint64_t n;                                              /* ever taken */
};

void pel_window_start(struct pel_window *w, uv_loop_t *loop, const struct pel_shm *shm);
void pel_window_stop(struct pel_window *w); /* the loop must run once more */

/* Takes a reading when there is something new; the timer does. */
void pel_window_take(struct pel_window *w, uint64_t now_ns);

/* The routes as they were some PEL_WINDOW_SECONDS ago, or as long ago as is known; since_ns: when
 * that was. Valid until the next turn of the loop. */
const struct pel_routes *pel_window_base(const struct pel_window *w, uint64_t now_ns,
                                         uint64_t *since_ns);

#endif
