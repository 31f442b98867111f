/*
 * exceptions - what apps raised, of all workers together: for /metrics, /status and OTLP.
 *
 * Pure readers of the shared memory, on the observer's one thread.
 */
#ifndef PELLUCID_OBSERVER_EXCEPTIONS_H
#define PELLUCID_OBSERVER_EXCEPTIONS_H

#include "json.h"
#include "pellucid/shm.h"
#include "sink.h"

/* The counter pellucid.app.exceptions, by type and place. */
void pel_exceptions_collect(struct pel_sink *sink, struct pel_shm *shm);

/* "errors": one object each, the one that was raised last first. */
void pel_exceptions_show(struct pel_json *j, struct pel_shm *shm);

#endif
