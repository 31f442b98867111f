/*
 * duration - http.server.request.duration of all workers together.
 *
 * A snapshot: the streams of the slots with the same attributes added up, on the caller's heap.
 */
#ifndef PELLUCID_OBSERVER_DURATION_H
#define PELLUCID_OBSERVER_DURATION_H

#include "exposition.h"
#include "pellucid/shm.h"

/* Adds the family to the document. */
void pel_duration_show(struct pel_exposition *e, struct pel_shm *shm);

#endif
