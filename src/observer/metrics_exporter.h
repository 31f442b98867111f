/*
 * metrics_exporter - metrics to the collector, every otlp.metrics_interval and once at the stop.
 *
 * One thread, that of the loop. A report is taken at the end of each interval and leaves in
 * requests of at most PEL_REPORT_BYTES, one after the other. What is tried again and when is as
 * with spans (exporter.h); a report that still waits when the next one is due gives way to it,
 * since a later one says all that it said. Too large (413): a new report in smaller requests.
 */
#ifndef PELLUCID_OBSERVER_METRICS_EXPORTER_H
#define PELLUCID_OBSERVER_METRICS_EXPORTER_H

#include "health.h"
#include "report.h"
#include "transport.h"

#define PEL_REPORT_BYTES (1U << 20)
#define PEL_REPORT_BYTES_MIN 1024

enum pel_report_state {
    PEL_REPORT_NONE = 0,
    PEL_REPORT_SENDING,
    PEL_REPORT_WAITING, /* for another try */
};

struct pel_view;

struct pel_metrics_exporter {
    const struct pel_view *view; /* borrowed: what is exported, and how */
    uv_loop_t *loop;             /* borrowed */
    struct pel_transport transport;
    struct pel_health health;
    uv_timer_t interval, retry;
    enum pel_report_state state;
    struct pel_report report; /* valid unless NONE */
    size_t at;                /* its request that is being sent */
    struct pel_post post;
    struct pel_buf body; /* as sent */
    size_t raw_len;      /* of body, before it was compressed */
    size_t max_bytes;    /* PEL_REPORT_BYTES, or less for a while after a 413 */
    unsigned n_tries;
    uint64_t first_ns;
    uint64_t not_before_ns;    /* the receiver has asked for a pause, or has failed */
    uint64_t stop_ns;          /* while it stops: when it ends at the latest */
    bool is_enabled;           /* there is somewhere to send to */
    bool is_stopping, is_last; /* the last report has been taken */
    void (*on_stopped)(struct pel_metrics_exporter *x);
};

/* 0, or -1 with err. Without an endpoint: an exporter that is not enabled. */
int pel_metrics_exporter_open(struct pel_metrics_exporter *x, uv_loop_t *loop,
                              const struct pel_view *view, struct pel_err *err);

/* Sends a last report and calls on_stopped (later, from the loop) when it is done or wait_ms are
 * over; at once when it is not enabled. */
void pel_metrics_exporter_stop(struct pel_metrics_exporter *x, unsigned wait_ms,
                               void (*on_stopped)(struct pel_metrics_exporter *x));

/* After on_stopped. The loop must run once more for the handles to go. */
void pel_metrics_exporter_close(struct pel_metrics_exporter *x);

/* Data points of the report that is under way, or waits for another try. */
size_t pel_metrics_exporter_inflight(const struct pel_metrics_exporter *x);

#endif
