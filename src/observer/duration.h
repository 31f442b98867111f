/*
 * duration - http.server.request.duration of all workers together.
 *
 * A snapshot: the streams of the slots with the same attributes added up, on the caller's heap.
 */
#ifndef PELLUCID_OBSERVER_DURATION_H
#define PELLUCID_OBSERVER_DURATION_H

#include "pellucid/shm.h"
#include "sink.h"

/* Hands the family to the sink. */
void pel_duration_collect(struct pel_sink *sink, struct pel_shm *shm);

#endif
