/*
 * report - collected metrics as OTLP: cumulative since the supervisor's start, in requests of a
 * bounded length.
 *
 * A sink. Owner: the exporter of metrics. Between init and end it is filled by pel_collect, then
 * its requests are read; fini gives everything back.
 */
#ifndef PELLUCID_OBSERVER_REPORT_H
#define PELLUCID_OBSERVER_REPORT_H

#include "otlp.pb-c.h"
#include "pellucid/arena.h"
#include "pellucid/buf.h"
#include "pellucid/conf.h"
#include "sink.h"

/* An ExportMetricsServiceRequest, encoded. */
struct pel_report_request {
    struct pel_buf raw;
    size_t n; /* data points */
};

/* Messages that are encoded already, in the arena. */
struct pel_report_parts {
    ProtobufCBinaryData *items; /* owned */
    size_t n, cap;
};

struct pel_report {
    struct pel_sink sink;
    struct pel_report_request *requests; /* owned */
    size_t n;

    /* while it is being filled */
    size_t max_bytes;
    uint64_t start_wall_ns, now_wall_ns;
    struct pel_arena arena;  /* of the request under construction */
    struct pel_arena common; /* of the resource */
    ProtobufCBinaryData resource;
    const struct pel_metric_info *family;
    bool is_exponential;                     /* the histograms of the family */
    struct pel_report_parts points, metrics; /* of the family, of the request */
    size_t bytes, n_points;                  /* of the request */
};

/* A request has at most max_bytes, or one data point. */
void pel_report_init(struct pel_report *r, const struct pel_conf *conf,
                     const struct pel_shm_header *header, size_t max_bytes);
/* No more points come. */
void pel_report_end(struct pel_report *r);
void pel_report_fini(struct pel_report *r);

#endif
