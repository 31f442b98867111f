/*
 * age - a worker that has served long enough asks to be replaced, once, and goes on serving
 * until it is told to drain. Loop held, but for pel_age_count.
 */
#ifndef PELLUCID_WORKER_AGE_H
#define PELLUCID_WORKER_AGE_H

#include "loop.h"

struct pel_record;

struct pel_age {
    struct pel_loop *loop;
    uv_timer_t timer;   /* of max_lifetime */
    uint64_t limit;     /* requests; 0 = none */
    _Atomic uint64_t n; /* counted so far */
    bool is_old;        /* a limit was reached */
    bool is_wanted;     /* the supervisor has been told */
};

void pel_age_init(struct pel_age *a, struct pel_loop *loop);
void pel_age_fini(struct pel_age *a);

/* A request is finished. Any thread. */
void pel_age_count(struct pel_age *a, const struct pel_record *rec);

/* After a turn: is it to be said that a limit has been reached? */
static inline bool pel_age_is_due(const struct pel_age *a)
{
    if (PEL_LIKELY(a->limit == 0 && !a->is_old) || a->is_wanted)
        return false;
    return a->is_old || atomic_load_explicit(&a->n, memory_order_relaxed) >= a->limit;
}

/* Tells the supervisor. Without one nothing comes of it. */
void pel_age_want(struct pel_age *a, const char *reason);

#endif
