/*
 * collect - every metric there is, read from the shared memory and from the observer itself.
 *
 * A pure reader on the observer's one thread: workers are not disturbed. Counters are sums over the
 * workers that have been; what is of one moment is told of each worker, by its number
 * (pellucid.worker.id), never by its pid.
 */
#ifndef PELLUCID_OBSERVER_COLLECT_H
#define PELLUCID_OBSERVER_COLLECT_H

#include "sink.h"

struct pel_view;

void pel_collect(struct pel_sink *sink, const struct pel_view *v);

#endif
