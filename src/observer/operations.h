/*
 * operations - how long exports take: otel.sdk.exporter.operation.duration.
 *
 * An operation goes from the first try of a batch to its end, pauses between tries included, and is
 * told by its last status. Kept in the header of the shared memory, so that it outlives the
 * observer, on whose one thread all of this is called.
 */
#ifndef PELLUCID_OBSERVER_OPERATIONS_H
#define PELLUCID_OBSERVER_OPERATIONS_H

#include "json.h"
#include "sink.h"

enum pel_operation {
    PEL_OPERATION_NONE = 0,
    PEL_OPERATION_SPANS,
    PEL_OPERATION_LOGS,
    PEL_OPERATION_POINTS,
    PEL_OPERATION_COLLECTION, /* of metrics, for an export; no request, so its status is 0 */
    PEL_OPERATION_N
};

/* status: of HTTP; 0: there was no answer. */
void pel_operation_add(struct pel_shm_header *header, enum pel_operation what, long status,
                       uint64_t took_ns);

/* Hands the families to the sink. */
void pel_operations_collect(struct pel_sink *sink, const struct pel_shm_header *header);

/* Adds "operations": how many of each kind and status, and their mean time. */
void pel_operations_show(struct pel_json *j, const struct pel_shm_header *header);

#endif
