/*
 * telemetry - the telemetry's own health: what was exported and what was lost, and why; how full
 * rings and queues are; what the observer takes.
 *
 * Pure readers, on the observer's one thread.
 */
#ifndef PELLUCID_OBSERVER_TELEMETRY_H
#define PELLUCID_OBSERVER_TELEMETRY_H

#include "json.h"
#include "sink.h"

struct pel_view;

/* Hands the families to the sink: otel.sdk.*, and our own of rings and queues. */
void pel_telemetry_collect(struct pel_sink *sink, const struct pel_view *v);

/* Adds "telemetry". */
void pel_telemetry_show(struct pel_json *j, const struct pel_view *v);

#endif
