/*
 * http_metrics - the HTTP metrics as a sink takes them: durations, sizes of bodies, phases.
 */
#ifndef PELLUCID_OBSERVER_HTTP_METRICS_H
#define PELLUCID_OBSERVER_HTTP_METRICS_H

#include "exemplars.h"
#include "pellucid/shm.h"
#include "sink.h"

/* Hands all families to the sink. */
void pel_http_metrics_collect(struct pel_sink *sink, const struct pel_shm *shm,
                              const struct pel_exemplars *exemplars);

#endif
