/*
 * shm - what survives any single process: one memfd, made by the supervisor, mapped by all.
 *
 * Layout: header | slot 0 | slot 1 | ...; a slot belongs to one worker at a time (or to none) and
 * its counters go on from worker to worker, so sums over slots are monotonic for the supervisor's
 * life. Every field has one writing process (named beside it) and any number of readers; relaxed
 * atomics, release/acquire only where a reader follows an index; no locks cross a process. A reader
 * checks magic and version and refuses others: the layout is versioned, not compatible.
 */
#ifndef PELLUCID_SHM_H
#define PELLUCID_SHM_H

#include <stdatomic.h>

#include "pellucid/account.h"
#include "pellucid/base.h"
#include "pellucid/conf.h"
#include "pellucid/err.h"
#include "pellucid/exception.h"
#include "pellucid/instrument.h"
#include "pellucid/method.h"
#include "pellucid/series.h"
#include "pellucid/vitals.h"

#define PEL_SHM_MAGIC 0x50454c4cU
#define PEL_SHM_VERSION 14U

#define PEL_SHM_INFLIGHT_N 512
#define PEL_SHM_PATH_LEN 168
#define PEL_SHM_INFLIGHT_ROUTE_LEN 128
#define PEL_SHM_RING_LEN (1U << 20)
#define PEL_SHM_LOG_LEN (64U << 10)
#define PEL_SHM_CACHELINE 64

enum pel_slot_state {
    PEL_SLOT_EMPTY = 0,
    PEL_SLOT_STARTING,
    PEL_SLOT_READY,
    PEL_SLOT_DRAINING,
};

/* Scalar counters and gauges of a worker: tbl/metrics.h; what they are is in metrics.h. */
enum pel_metric {
#define PEL_METRIC(name, kind, unit, otel_name, text) PEL_METRIC_##name,
#include "pellucid/tbl/metrics.h"
#undef PEL_METRIC
    PEL_METRIC_N
};

/* What the observers so far have exported: tbl/exports.h. */
enum pel_export {
#define PEL_EXPORT(name, otel_name, unit, error_type, text) PEL_EXPORT_##name,
#include "pellucid/tbl/exports.h"
#undef PEL_EXPORT
    PEL_EXPORT_N
};

/* Why workers have ended: tbl/ends.h. */
enum pel_end {
#define PEL_END(name, word, meaning) PEL_END_##name,
#include "pellucid/tbl/ends.h"
#undef PEL_END
    PEL_END_N
};
#define PEL_SHM_SIGNALS 65 /* numbers of signals, 0 included */
#define PEL_SHM_ACCOUNTS_N 16
#define PEL_SHM_LISTENERS_N 64
#define PEL_SHM_URL_LEN 128
#define PEL_SHM_OPERATIONS_N 24

/* One request that has begun and not finished; writer: the slot's worker. */
struct pel_shm_inflight {
    _Atomic uint64_t
        start_ns; /* first byte, monotonic; 0 = entry is free; stored last, with release */
    _Atomic uint64_t app_start_ns;
    _Atomic uint64_t cpu_ns;   /* of the app so far, of what is over: ASGI, up to its last await */
    _Atomic uint8_t phase;     /* enum pel_request_phase; inflight.h */
    _Atomic uint8_t route_len; /* 0: not known yet; stored behind the route, with release */
    uint8_t trace_id[16], span_id[8], parent_span_id[8];
    uint8_t trace_flags;
    uint8_t has_parent;
    uint8_t version_minor;
    uint8_t is_https;
    uint8_t path_len;
    /* NUL-padded; of a longer one as much as there is room for, which is no known method */
    char method[PEL_SHM_METHOD_LEN];
    char path[PEL_SHM_PATH_LEN];
    char route[PEL_SHM_INFLIGHT_ROUTE_LEN]; /* as http.route; cut */
};

/* Requests of one method and scheme, of which those are active that have begun and not ended:
 * inflight.h. Neither goes back; when the worker has died, all have ended. */
struct pel_shm_active {
    _Atomic uint64_t begun, ended;
};
#define PEL_ACTIVE_N (2 * PEL_METHOD_N)

/* A ring of byte entries, one producer (the slot's worker), one consumer (the observer): ring.h. */
struct pel_shm_ring {
    _Alignas(PEL_SHM_CACHELINE) _Atomic uint64_t head; /* bytes ever written; producer, release */
    _Alignas(PEL_SHM_CACHELINE) _Atomic uint64_t tail; /* bytes ever read; consumer, release */
    _Alignas(PEL_SHM_CACHELINE) char data[PEL_SHM_RING_LEN];
};

/* Access log lines on their way out: whole lines, kept here so that they survive the worker.
 * Writer: the slot's worker; after its death the supervisor, which writes them out
 * (pel_probes_bury). */
struct pel_shm_log {
    _Atomic uint32_t len;
    char data[PEL_SHM_LOG_LEN];
};

struct pel_shm_slot {
    /* writer: supervisor */
    _Alignas(PEL_SHM_CACHELINE) _Atomic uint32_t state; /* enum pel_slot_state */
    _Atomic int32_t pid;
    _Atomic uint32_t generation;
    _Atomic uint64_t started_ns; /* monotonic */
    _Atomic uint64_t ready_ns;
    struct pel_shm_account account; /* account.h says who writes */
    _Atomic uint64_t ring_peak; /* writer: the observer; the most bytes it has found in the ring */

    /* writer: the slot's worker */
    _Alignas(PEL_SHM_CACHELINE) _Atomic uint64_t heartbeat_ns; /* last turn of the loop */
    _Atomic uint32_t
        is_polling;           /* 1 while the loop may sleep: silence is then no sign of trouble */
    _Atomic uint32_t is_used; /* set by the first worker that took the slot, for good */
    uint8_t instance_id[16];  /* a random UUID of the present worker: service.instance.id */
    _Atomic uint64_t worker_requests; /* finished by the present worker; written by the probes */
    _Atomic uint64_t inflight_lost;   /* requests that found the table full */
    _Atomic uint64_t metrics[PEL_METRIC_N];
    struct pel_shm_vitals vitals;
    struct pel_shm_active active[PEL_ACTIVE_N]; /* by 2 * pel_method_index, one more with https */
    struct pel_shm_inflight inflight[PEL_SHM_INFLIGHT_N];
    struct pel_shm_series_table series;
    struct pel_shm_exception_table exceptions;
    struct pel_shm_instruments instruments; /* instrument.h */
    struct pel_shm_log log;
    struct pel_shm_ring ring;
};

/* How long the observers' exports of one kind and end took. */
struct pel_shm_operation {
    _Atomic uint32_t key; /* what it is; 0 = not used */
    _Atomic uint64_t sum_ns, buckets[PEL_DURATION_BUCKETS];
};

/* A listening socket of the server's, as the kernel knows it. */
struct pel_shm_listener {
    uint32_t inode; /* 0 = not used */
    int32_t family; /* AF_* */
    char url[PEL_SHM_URL_LEN];
};

/* What the observer is doing; see observer_sleeps. */
enum pel_observer_sleep {
    PEL_OBSERVER_AWAKE = 0, /* it will look at the rings without being told */
    PEL_OBSERVER_ASLEEP,    /* poke it about any entry */
    PEL_OBSERVER_NAPPING,   /* it looks again within a second: poke it only about a filling ring */
};

struct pel_shm_header {
    uint32_t magic, version;
    uint32_t n_slots;
    uint32_t slot_len;       /* sizeof(struct pel_shm_slot) */
    uint64_t slot_offset;    /* of slot 0 */
    uint8_t instance_id[16]; /* a random UUID: service.instance.id of the whole server */
    /* writer: supervisor */
    int32_t supervisor_pid;
    uint64_t started_ns;      /* monotonic */
    uint64_t started_wall_ns; /* realtime, start_time_unix_nano of all counters */
    struct pel_shm_methods methods;
    struct pel_shm_listener listeners[PEL_SHM_LISTENERS_N];
#define PEL_SERVER(field, kind, unit, otel_name, text) _Atomic uint64_t field;
#include "pellucid/tbl/server.h"
#undef PEL_SERVER
    _Atomic uint64_t worker_ends[PEL_END_N];
    _Atomic uint64_t worker_signals[PEL_SHM_SIGNALS];    /* those of PEL_END_SIGNAL, by number */
    struct pel_shm_account accounts[PEL_SHM_ACCOUNTS_N]; /* of all processes but workers */
    /* enum pel_observer_sleep, set by the observer. Who finds that it wants to be poked swaps the
     * value to AWAKE and, having got another one, writes the eventfd. */
    _Alignas(PEL_SHM_CACHELINE) _Atomic uint32_t observer_sleeps;
    /* writer: the observer */
    _Atomic uint64_t exports[PEL_EXPORT_N];
    /* By signal: items it has read and not counted yet; the next observer does, should it die. */
    _Atomic uint64_t exports_pending[PEL_SIGNAL_LOGS + 1];
    struct pel_shm_operation operations[PEL_SHM_OPERATIONS_N];
    struct pel_shm_ring ring; /* lines of the supervisor's log (logline.h) */
};

/* A mapping of the memfd in this process. event_fd wakes the observer. */
struct pel_shm {
    struct pel_shm_header *header;
    size_t len;
    /* Of the header when it was checked: other processes, which run the app, can write there. */
    unsigned n_slots;
    size_t slot_offset, slot_len;
    int fd, event_fd;
};

/* Supervisor: makes the memfd and the eventfd (both close-on-exec) and zeroed slots that take
 * memory only once they are written. Fills magic to methods of the header; its pid is the
 * caller's, known_methods become those of this process (method.h). 0, or -1 with err. */
int pel_shm_create(struct pel_shm *shm, unsigned n_slots, const struct pel_strings *known_methods,
                   struct pel_err *err);
/* Others: maps an inherited pair of descriptors, which shm owns from now on (also when it fails),
 * and takes the known methods over. Refuses anything that is not a mapping of this version. */
int pel_shm_attach(struct pel_shm *shm, int fd, int event_fd, struct pel_err *err);
void pel_shm_close(struct pel_shm *shm);

static inline struct pel_shm_slot *pel_shm_slot(const struct pel_shm *shm, unsigned i)
{
    PEL_ASSERT(i < shm->n_slots);
    return (struct pel_shm_slot *)((char *)shm->header + shm->slot_offset + i * shm->slot_len);
}

const char *pel_end_word(enum pel_end end); /* of tbl/ends.h */

/* Readers leave alone what was never written: reading makes memory of it, too. */
static inline bool pel_shm_slot_is_used(const struct pel_shm_slot *slot)
{
    return atomic_load_explicit(&slot->is_used, memory_order_relaxed) != 0;
}

/* A metric of all workers. PEL_METRIC_REQUESTS is to be read before what else is counted of them:
 * it is the last that is written of a request. */
uint64_t pel_shm_sum(const struct pel_shm *shm, enum pel_metric m);

static inline void pel_metric_add(struct pel_shm_slot *slot, enum pel_metric m, uint64_t n)
{
    atomic_fetch_add_explicit(&slot->metrics[m], n, memory_order_relaxed);
}

static inline void pel_metric_sub(struct pel_shm_slot *slot, enum pel_metric m, uint64_t n)
{
    atomic_fetch_sub_explicit(&slot->metrics[m], n, memory_order_relaxed);
}

#endif
