/*
 * recycle - a worker that has served long enough asks to be replaced, once, and goes on serving
 * until it is told to drain. Loop held, but for pel_recycle_count.
 */
#ifndef PELLUCID_WORKER_RECYCLE_H
#define PELLUCID_WORKER_RECYCLE_H

#include "loop.h"

struct pel_record;

struct pel_recycle {
    struct pel_loop *loop;
    uv_timer_t timer;   /* of max_lifetime */
    uint64_t limit;     /* requests; 0 = none */
    _Atomic uint64_t n; /* counted so far */
    bool is_wanted;     /* the supervisor has been told */
};

void pel_recycle_init(struct pel_recycle *r, struct pel_loop *loop);
void pel_recycle_fini(struct pel_recycle *r);

/* A request is finished. Any thread. */
void pel_recycle_count(struct pel_recycle *r, const struct pel_record *rec);

/* After a turn: has the limit been reached? */
static inline bool pel_recycle_is_due(const struct pel_recycle *r)
{
    return r->limit && !r->is_wanted &&
           atomic_load_explicit(&r->n, memory_order_relaxed) >= r->limit;
}

/* Tells the supervisor. */
void pel_recycle_want(struct pel_recycle *r, const char *reason);

#endif
