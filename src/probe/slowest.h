/*
 * slowest - which requests may be among the slowest of their route in this minute.
 *
 * Of each stream of the worker's metrics the three longest durations of the present minute are
 * known, whatever became of those requests; one that takes longer than the third is a candidate.
 * The observer holds the candidates of all workers until the minute is over, and exports three of
 * each route (observer/held.h). Minutes are those of the monotonic clock, the same in all
 * processes.
 */
#ifndef PELLUCID_PROBE_SLOWEST_H
#define PELLUCID_PROBE_SLOWEST_H

#include "pellucid/series.h"

struct pel_slowest_marks {
    uint64_t minute;            /* to which the rest belongs */
    uint64_t ns[PEL_SLOWEST_N]; /* longest first */
};

struct pel_slowest {
    uint64_t minute, minute_end_ns; /* the present one */
    struct pel_slowest_marks marks[PEL_SHM_SERIES_N];
};

/* Counts a request of a stream (its place in the table) that ended at end_ns. Is it a candidate?
 * One writer at a time; begins with zeros. */
bool pel_slowest_note(struct pel_slowest *s, size_t stream, uint64_t end_ns, uint64_t duration_ns);

#endif
