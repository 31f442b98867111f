/*
 * watcher - notices that the holder of the baton stays away, and sends somebody else.
 *
 * One thread without Python. While there is traffic it looks once a millisecond; when the holder
 * has been asleep in the loop for two looks it sleeps until the holder leaves for the app again: an
 * idle server does not wake up. What it decides:
 *  - the holder blocks in the app (its CPU clock stands still): an idle thread is called to take
 *    the baton;
 *  - the holder computes: the same after 10 ms, for fairness; also when the process is short of
 *    CPU, since then a clock that stands still mostly means that the GIL is waited for;
 *  - no thread is idle: after a while the watcher runs the loop itself, so that connections are
 *    accepted, timeouts come, and responses are sent on, until a thread is back.
 */
#ifndef PELLUCID_WORKER_WATCHER_H
#define PELLUCID_WORKER_WATCHER_H

#include <pthread.h>
#include <stdatomic.h>

#include "pellucid/base.h"
#include "pellucid/err.h"
#include "pellucid/time.h"

struct pel_baton;

/* What the watcher saw last. */
struct pel_glance {
    uint32_t owner;
    uint64_t n_loose;
    uint64_t since_ns; /* first seen like this */
    uint64_t cpu_ns;   /* of the holder */
};

struct pel_watcher {
    struct pel_baton *baton;
    pthread_t thread;
    pthread_cond_t cond; /* with baton->lock */
    _Atomic bool is_asleep;
    bool is_running;
    uint64_t tick_ns;
    struct pel_glance last;
    unsigned quiet_ticks;

    /* Is the process short of CPU? */
    uint64_t measured_ns, measured_cpu_ns;
    _Atomic bool is_saturated;
};

int pel_watcher_start(struct pel_watcher *w, struct pel_baton *b, struct pel_err *err);
/* The baton is stopped. Harmless when it was not started. */
void pel_watcher_stop(struct pel_watcher *w);

/* Ends the sleep. */
void pel_watcher_rouse(struct pel_watcher *w);

/* The holder leaves for the app; it has made the baton loose before. */
static inline void pel_watcher_wake(struct pel_watcher *w)
{
    if (PEL_UNLIKELY(atomic_load(&w->is_asleep)))
        pel_watcher_rouse(w);
}

/* What is to be done about a holder that is away, from what was first seen of this absence. */
enum pel_verdict { PEL_VERDICT_WAIT = 0, PEL_VERDICT_BLOCKED, PEL_VERDICT_LONG };

#define PEL_VERDICT_MIN_NS (500 * PEL_NS_PER_US)
#define PEL_VERDICT_LONG_NS (10 * PEL_NS_PER_MS)

static inline enum pel_verdict pel_watcher_judge(const struct pel_glance *first, uint64_t now_ns,
                                                 uint64_t cpu_ns, bool is_in_app, bool is_saturated)
{
    uint64_t away_ns = now_ns - first->since_ns;

    if (away_ns >= PEL_VERDICT_LONG_NS)
        return PEL_VERDICT_LONG;
    if (!is_in_app || is_saturated || away_ns < PEL_VERDICT_MIN_NS)
        return PEL_VERDICT_WAIT;
    return cpu_ns - first->cpu_ns < away_ns / 4 ? PEL_VERDICT_BLOCKED : PEL_VERDICT_WAIT;
}

#endif
