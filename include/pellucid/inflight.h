/*
 * inflight - what others see of a request that has begun and not finished: its entry in the slot.
 *
 * The in-flight probe makes the entry when the head is complete and clears it at the end (probe.h).
 * Who has the request may say more in between, on the thread that has it; each costs a store, and
 * nothing where the table was full. Readers (observer, supervisor) have pel_inflight_phase.
 */
#ifndef PELLUCID_INFLIGHT_H
#define PELLUCID_INFLIGHT_H

#include "pellucid/shm.h"

/* The request waits for its client now, or has come back to what it did before. Not needed when the
 * app is entered for the first time. */
static inline void pel_inflight_show_phase(const struct pel_record *rec,
                                           enum pel_request_phase phase)
{
    if (rec->inflight)
        atomic_store_explicit(&rec->inflight->phase, (uint8_t)phase, memory_order_relaxed);
}

/* The route is known before the end; cut where it is longer than the entry has room for. */
void pel_inflight_show_route(const struct pel_record *rec, struct pel_str route);

/* The phase a request is in; never HEAD. That it has left its queue is told by app_start_ns, which
 * is written anyway. */
static inline enum pel_request_phase pel_inflight_phase(const struct pel_shm_inflight *e)
{
    uint8_t phase = atomic_load_explicit(&e->phase, memory_order_relaxed);

    if (phase == PEL_REQUEST_PHASE_QUEUE &&
        !atomic_load_explicit(&e->app_start_ns, memory_order_relaxed))
        return PEL_REQUEST_PHASE_QUEUE;
    if (phase == PEL_REQUEST_PHASE_BODY || phase == PEL_REQUEST_PHASE_WRITE)
        return (enum pel_request_phase)phase;
    return PEL_REQUEST_PHASE_APP;
}

/* Readers: how many are active. Of the two the end is read first, so that none is counted below
 * zero. */
static inline uint64_t pel_active_count(const struct pel_shm_active *a)
{
    uint64_t ended = atomic_load_explicit(&a->ended, memory_order_acquire);
    uint64_t begun = atomic_load_explicit(&a->begun, memory_order_relaxed);

    return begun > ended ? begun - ended : 0;
}

/* Those of a worker, whatever their method and scheme. */
uint64_t pel_active_sum(const struct pel_shm_slot *slot);

/* Writer, or the supervisor when that has died: none is active. */
void pel_active_reset(struct pel_shm_slot *slot);

#endif
