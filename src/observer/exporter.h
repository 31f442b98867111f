/*
 * exporter - spans, or log records, to the collector: batches, retries, bounds, and what became of
 * them.
 *
 * One thread, that of the loop. A batch leaves when PEL_BATCH_ITEMS or PEL_BATCH_BYTES are there,
 * or after PEL_BATCH_DELAY_MS. Two are under way at most, waiting for another try included;
 * meanwhile the queue fills, and then loses its oldest. Tried again: no answer, 429, 502, 503, 504;
 * when pel_retry_time says. Too large (413): in smaller batches. Anything else is final. A batch
 * that has failed for so long that pel_retry_is_over is given up if others were taken meanwhile;
 * else it goes back to the queue. An item is counted once, at its end.
 */
#ifndef PELLUCID_OBSERVER_EXPORTER_H
#define PELLUCID_OBSERVER_EXPORTER_H

#include "health.h"
#include "operations.h"
#include "pellucid/shm.h"
#include "queue.h"
#include "transport.h"

#define PEL_BATCH_ITEMS 1024
#define PEL_BATCH_REQUEST_BYTES (1U << 20) /* at most, before compression */
/* Of items alone: there are also their lengths, and the resource of each worker. */
#define PEL_BATCH_BYTES (PEL_BATCH_REQUEST_BYTES - (48U << 10))
#define PEL_BATCH_DELAY_MS 1000
#define PEL_EXPORT_QUEUE_BYTES (24U << 20)
#define PEL_EXPORT_PLAIN_BYTES (16U << 20) /* beyond, the queue packs */
#define PEL_EXPORTS_AT_ONCE 2

enum pel_batch_state {
    PEL_BATCH_EMPTY = 0,
    PEL_BATCH_SENDING,
    PEL_BATCH_WAITING, /* for another try, at retry_ns */
};

struct pel_exporter;

struct pel_batch {
    struct pel_exporter *x;
    enum pel_batch_state state;
    struct pel_post post;
    struct pel_list nodes; /* owned */
    size_t n, bytes;       /* of the nodes */
    struct pel_buf body;   /* as sent; kept for the next one */
    unsigned n_tries;
    uint64_t first_ns, retry_ns;
};

/* What an exporter exports, and where it counts what became of it. */
struct pel_export_kind {
    enum pel_signal signal;
    const char *items; /* "spans" */
    enum pel_operation operation;
    enum pel_export exported, rejected, failed, processed, queue_full, observer_killed;
};
extern const struct pel_export_kind pel_export_spans, pel_export_logs;

struct pel_exporter {
    const struct pel_export_kind *kind;
    uv_loop_t *loop; /* borrowed, as are conf and header */
    const struct pel_conf *conf;
    struct pel_shm_header *header;
    struct pel_transport transport;
    struct pel_queue queue;
    struct pel_batch batches[PEL_EXPORTS_AT_ONCE];
    struct pel_buf raw;     /* a batch before it is compressed; kept for the next one */
    size_t batch_bytes;     /* PEL_BATCH_BYTES, or less for a while after a 413 */
    uint64_t not_before_ns; /* the receiver has asked for a pause, or has failed */
    uint64_t taken_ns;      /* when it last took a batch; 0 = never */
    uint64_t stop_ns;       /* while it stops: when it ends at the latest */
    uv_timer_t timer;
    bool is_enabled;              /* there is somewhere to send to */
    bool is_stopping, is_stopped; /* is_stopped: on_stopped has been called */
    void (*on_stopped)(struct pel_exporter *x);
    struct pel_health health;
};

/* 0, or -1 with err. Without an endpoint: an exporter that is not enabled. */
int pel_exporter_open(struct pel_exporter *x, const struct pel_export_kind *kind, uv_loop_t *loop,
                      const struct pel_conf *conf, struct pel_shm_header *header,
                      struct pel_err *err);

/* Takes node over; now_ns may be some ms old. pump must follow before the loop sleeps. */
void pel_exporter_push(struct pel_exporter *x, struct pel_export_node *node, uint64_t now_ns);

/* Sends what is due and sets the timer for what is not. */
void pel_exporter_pump(struct pel_exporter *x);

/* Sends everything at once, and again after a pause where the receiver has answered that it
 * cannot take it now, and calls on_stopped (later, from the loop) when nothing is left or wait_ms
 * are over; what is left then is lost, and counted. Until the close, what is pushed is still sent.
 */
void pel_exporter_stop(struct pel_exporter *x, unsigned wait_ms,
                       void (*on_stopped)(struct pel_exporter *x));

/* After on_stopped. What was pushed since and is not yet exported is lost, and counted. The loop
 * must run once more for the handles to go. */
void pel_exporter_close(struct pel_exporter *x);

/* Items in batches under way. */
size_t pel_exporter_inflight(const struct pel_exporter *x);

#endif
