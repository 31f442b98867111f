/*
 * drain - the last part of a worker's life: no new connections; requests in flight are finished.
 *
 * Where another worker stays, idle connections are handed to it, also those that become idle
 * meanwhile, and clients notice nothing. Otherwise responses say Connection: close, and idle
 * connections are kept for a moment, in which a request that is on its way is still answered. The
 * loop stops when nothing is left, or after server.graceful_timeout; what is still running then is
 * logged. Loop held.
 */
#ifndef PELLUCID_WORKER_DRAIN_H
#define PELLUCID_WORKER_DRAIN_H

#include "loop.h"

struct pel_drain {
    struct pel_loop *loop;
    uv_timer_t timer;
    uint64_t start_ns; /* 0: not draining */
    uint64_t end_ns;   /* until when all of the app has time */
    unsigned terms;    /* SIGTERMs received */
    bool hands_over;
};

void pel_drain_init(struct pel_drain *d, struct pel_loop *loop);
void pel_drain_fini(struct pel_drain *d);

/* reason is for the log; hands_over: another worker takes connections. Once; later calls are
 * ignored. */
void pel_drain_start(struct pel_drain *d, const char *reason, bool hands_over);

/* A connection has become idle while draining: hands it over, or sees that it is closed soon. */
void pel_drain_idle(struct pel_drain *d, struct pel_conn *c);

/* Now, instead of at its end: logs what is still running and stops the loop. */
void pel_drain_give_up(struct pel_drain *d);

#endif
