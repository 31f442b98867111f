/*
 * streams - the HTTP metrics of all workers together: streams of the same attributes added up.
 *
 * A snapshot on the caller's heap, taken on the observer's one thread without a word to the
 * workers. Streams come in the order in which workers met them; the overflow is the last one.
 */
#ifndef PELLUCID_OBSERVER_STREAMS_H
#define PELLUCID_OBSERVER_STREAMS_H

#include "exp.h"
#include "lookup.h"
#include "pellucid/shm.h"

struct pel_stream_sizes {
    uint64_t sum, buckets[PEL_SIZE_BUCKETS];
};

struct pel_stream {
    const struct pel_shm_series *key; /* its attributes, in the shared memory */
    bool is_overflow;                 /* has no attributes */
    uint64_t sum_ns, buckets[PEL_DURATION_BUCKETS];
    struct pel_stream_sizes request, response;
    uint64_t phases_ns[PEL_REQUEST_PHASE_N];
    struct pel_exp durations; /* where asked for */
    uint64_t cpu_ns, gil_wait_ns;
};

struct pel_streams {
    struct pel_stream *items; /* owned */
    size_t n, cap;
    struct pel_lookup lookup;
    bool with_durations;
};

/* Calls each for every stream in use of every worker. */
void pel_streams_each(const struct pel_shm *shm,
                      void (*each)(void *arg, const struct pel_shm_series_table *t,
                                   const struct pel_shm_series *s),
                      void *arg);

void pel_streams_read(struct pel_streams *ss, const struct pel_shm *shm, bool with_durations);
void pel_streams_fini(struct pel_streams *ss);

#endif
