/*
 * lag - how late the event loop of an ASGI app is: the time from a callback's being scheduled until
 * it runs, which is what the turn of libuv and all the app's callbacks of one round take together.
 *
 * Measured ten times a second at most, and only while there is traffic: a turn that takes place
 * anyway schedules the callback. An idle loop is not woken. One a process; main thread, GIL held.
 */
#ifndef PELLUCID_WORKER_LAG_H
#define PELLUCID_WORKER_LAG_H

#include "pellucid/py.h"
#include "pellucid/vitals.h"

/* Both borrowed until the close; call_soon is that of the outer loop. 0, or -1 with an exception.
 */
int pel_lag_open(struct pel_shm_vitals *vitals, PyObject *call_soon);
void pel_lag_close(void);

/* A turn begins at now_ns. */
void pel_lag_probe(uint64_t now_ns);

#endif
