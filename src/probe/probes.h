/*
 * probes - the context behind probe.h, shared by the files of src/probe.
 *
 * One a worker process. Each probe keeps its state in the member of its name; what is not marked
 * otherwise is touched under the lock.
 */
#ifndef PELLUCID_PROBE_PROBES_H
#define PELLUCID_PROBE_PROBES_H

#include <pthread.h>

#include "pellucid/conf.h"
#include "pellucid/metrics.h"
#include "pellucid/probe.h"
#include "pellucid/span.h"

#include "logfile.h"
#include "process_context.h"
#include "slowest.h"

#define PEL_PROBES_MAX 8

struct pel_inflight {
    _Atomic uint64_t free_bits[PEL_SHM_INFLIGHT_N / 64]; /* any thread */
};

struct pel_spans {
    uint32_t keeps;              /* which of enum pel_span_flag */
    struct pel_slowest *slowest; /* owned; NULL: the slowest are not kept */
    bool has_new;                /* written since the last flush */
};

struct pel_accesslog {
    struct pel_logfile file;
    uint64_t written_ns; /* last write */
    uint64_t offset_ns;  /* wall time less monotonic time */
    uint64_t second;     /* wall time the texts below are of */
    char local_text[32]; /* 22/Nov/2026:15:30:00 +0100 */
    size_t local_len;
    char utc_text[24]; /* 2026-11-22T14:30:00 */
};

struct pel_probes {
    const struct pel_conf *conf;
    struct pel_shm *shm;
    struct pel_shm_slot *slot;
    unsigned slot_index;
    struct pel_span_worker worker; /* this process */
    int access_fd;                 /* owned until the access log takes it */
    pthread_mutex_t lock;
    _Atomic bool is_dirty; /* a flush has something to do */

    /* The hooks of the probes that are wanted; constant after the start. */
    const struct pel_probe *started[PEL_PROBES_MAX];
    size_t n_started;
    void (*begin[PEL_PROBES_MAX])(struct pel_probes *, struct pel_record *);
    void (*app_enter[PEL_PROBES_MAX])(struct pel_probes *, struct pel_record *);
    void (*app_leave[PEL_PROBES_MAX])(struct pel_probes *, struct pel_record *);
    void (*finish[PEL_PROBES_MAX])(struct pel_probes *, struct pel_record *);
    bool (*flush[PEL_PROBES_MAX])(struct pel_probes *);
    size_t n_begin, n_app_enter, n_app_leave, n_finish, n_flush;

    struct pel_inflight inflight;
    struct pel_shm_series *series;      /* of the request that is finished just now */
    struct pel_shm_series *last_series; /* of the last request; the next is likely alike */
    struct pel_spans spans;
    struct pel_accesslog accesslog;
    struct pel_process_context context; /* constant after the start */
};

extern const struct pel_probe pel_probe_inflight;
extern const struct pel_probe pel_probe_metrics;
extern const struct pel_probe pel_probe_span;
extern const struct pel_probe pel_probe_accesslog;
extern const struct pel_probe pel_probe_logline;
extern const struct pel_probe pel_probe_context; /* process_context.h, thread_context.h */

/* The counters a finished request moves; used by the metrics probe and for buried requests. */
void pel_metrics_count(struct pel_shm_slot *slot, const struct pel_record *rec);
/* Sets the slot's gauges to zero. */
void pel_metrics_reset_gauges(struct pel_shm_slot *slot);

#endif
