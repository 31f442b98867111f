/*
 * instruments - the app's own counters and histograms, put together from the workers' tables.
 * Measurements with attributes that are one to the sink (pel_sink.identify) are one series.
 *
 * A pure reader on the observer's one thread, for collect.h.
 */
#ifndef PELLUCID_OBSERVER_INSTRUMENTS_H
#define PELLUCID_OBSERVER_INSTRUMENTS_H

#include "sink.h"

void pel_instruments_collect(struct pel_sink *sink, struct pel_shm *shm);

#endif
