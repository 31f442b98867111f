/*
 * stop - the end, in order: workers drain, then the observer flushes, then we go.
 */
#ifndef PELLUCID_SUPERVISOR_STOP_H
#define PELLUCID_SUPERVISOR_STOP_H

#include "pellucid/time.h"

struct pel_supervisor;

/* More than it takes to flush (PEL_OBSERVER_FLUSH_MS). */
#define PEL_OBSERVER_GRACE_NS (6 * PEL_NS_PER_SEC)

/* Begins an ordered stop; exit_status is that of the server. */
void pel_stop(struct pel_supervisor *sv, int exit_status);

/* Kills whatever still runs, after saying what it was doing. */
void pel_stop_now(struct pel_supervisor *sv);

/* For settle: goes on to the next phase when this one is over. */
void pel_stop_advance(struct pel_supervisor *sv);

#endif
