/*
 * ownlog - warnings and errors of the observer itself as log records, beside those of the others.
 *
 * Owner: the observer; its one thread. A line is encoded when it is logged, and leaves with the
 * next batch. An export that fails is a line, too, which has to be exported: health.h lets one of
 * each signal through in half a minute, and no more than PEL_OWNLOG_LINES leave in a minute in all;
 * the others are counted as dropped.
 */
#ifndef PELLUCID_OBSERVER_OWNLOG_H
#define PELLUCID_OBSERVER_OWNLOG_H

#include "exporter.h"

#define PEL_OWNLOG_LINES 30 /* a minute */

struct pel_ownlog {
    struct pel_exporter *logs;     /* borrowed */
    struct pel_shm_header *header; /* borrowed */
    uv_async_t wake;
    uint64_t minute_ns; /* when the present minute began */
    unsigned n_lines;   /* in it */
};

/* From now on lines of this process go to logs, which may be opened later. */
void pel_ownlog_start(struct pel_ownlog *own, uv_loop_t *loop, struct pel_exporter *logs,
                      struct pel_shm_header *header);
/* The loop must run once more for the handle to go. */
void pel_ownlog_stop(struct pel_ownlog *own);

#endif
