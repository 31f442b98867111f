/*
 * vitals - what workers tell of themselves (tbl/vitals.h), and how late their loops are.
 *
 * Pure readers of the shared memory, on the observer's one thread.
 */
#ifndef PELLUCID_OBSERVER_VITALS_H
#define PELLUCID_OBSERVER_VITALS_H

#include "json.h"
#include "sink.h"

/* Hands the families to the sink: sums of counters, a series a worker of what is of one moment. */
void pel_vitals_collect(struct pel_sink *sink, struct pel_shm *shm);

/* Adds "vitals" of one worker: values by metric, and by attribute where there is one. */
void pel_vitals_show(struct pel_json *j, const struct pel_shm_vitals *vs);

#endif
