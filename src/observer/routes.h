/*
 * routes - what the streams of all workers say of each method and route.
 *
 * A reading on the caller's heap, on the observer's one thread; all of it is cumulative since the
 * server's start, so that the difference of two is what happened in between.
 */
#ifndef PELLUCID_OBSERVER_ROUTES_H
#define PELLUCID_OBSERVER_ROUTES_H

#include "exp.h"
#include "lookup.h"
#include "pellucid/shm.h"

#define PEL_STATUS_CLASSES 6 /* none (without a response), 1xx to 5xx and what is beyond */

struct pel_route {
    const struct pel_shm_series *key; /* one of its streams, in the shared memory */
    bool is_overflow;                 /* streams beyond the table, of whichever route */
    uint64_t n, n_failed;             /* requests; pel_is_failed */
    uint64_t classes[PEL_STATUS_CLASSES];
    uint64_t sum_ns, request_bytes, response_bytes;
    uint64_t phases_ns[PEL_REQUEST_PHASE_N], gil_wait_ns;
    struct pel_exp durations;
};

struct pel_routes {
    struct pel_route *items; /* owned; in the order in which workers met them */
    size_t n, cap;
    struct pel_lookup lookup;
};

void pel_routes_read(struct pel_routes *rs, const struct pel_shm *shm);
void pel_routes_fini(struct pel_routes *rs);

/* The same route in another reading; NULL when it was not known there. */
const struct pel_route *pel_routes_find(const struct pel_routes *rs, const struct pel_route *like);

#endif
