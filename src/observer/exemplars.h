/*
 * exemplars - for each stream and bucket of http.server.request.duration the last request whose
 * trace was kept: the way from a bar of a histogram to one trace that stands for it.
 *
 * Owner: the observer, on its one thread, which sees the spans of all workers anyhow; so workers
 * need not know, and no exemplar names a trace that was not kept. A new observer begins without.
 */
#ifndef PELLUCID_OBSERVER_EXEMPLARS_H
#define PELLUCID_OBSERVER_EXEMPLARS_H

#include "lookup.h"
#include "pellucid/span.h"
#include "pellucid/series.h"
#include "sink.h"

struct pel_exemplars {
    struct pel_exemplar_stream *items; /* owned; at most PEL_SHM_SERIES_N */
    size_t n, cap;
    size_t latest; /* the item that was found last */
    struct pel_lookup lookup;
};

void pel_exemplars_init(struct pel_exemplars *xs);
void pel_exemplars_fini(struct pel_exemplars *xs);

/* A request whose trace is kept. */
void pel_exemplars_add(struct pel_exemplars *xs, const struct pel_span_entry *e,
                       uint64_t wall_offset_ns);

/* Those of a stream, one for each of PEL_DURATION_BUCKETS, or NULL. */
const struct pel_exemplar *pel_exemplars_find(const struct pel_exemplars *xs,
                                              const struct pel_shm_series *s);

#endif
