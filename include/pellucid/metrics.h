/*
 * metrics - what the numbers in the shared memory mean, and how http.server.request.duration is
 * kept.
 *
 * Writers are the slot's worker (the metrics probe, under its lock; a few scalars by the worker
 * itself with pel_metric_add), and the supervisor for the requests of a worker that has died
 * (pel_probes_bury). The observer reads the tables at any time and adds the slots up.
 */
#ifndef PELLUCID_METRICS_H
#define PELLUCID_METRICS_H

#include "pellucid/record.h"
#include "pellucid/shm.h"

/* OpenTelemetry's instruments. */
enum pel_metric_kind {
    PEL_METRIC_KIND_COUNTER,
    PEL_METRIC_KIND_UPDOWN, /* how many there are now; may be added up */
    PEL_METRIC_KIND_GAUGE,  /* a value of this moment; may not */
    PEL_METRIC_KIND_HISTOGRAM,
};

struct pel_metric_info {
    enum pel_metric_kind kind;
    const char *unit; /* UCUM; "ns" is shown and exported as seconds */
    const char *name; /* as OpenTelemetry has it */
    const char *text;
};
extern const struct pel_metric_info pel_metric_infos[PEL_METRIC_N];

/* Upper bounds of the buckets but the last, which has none. */
extern const uint64_t pel_duration_bounds_ns[PEL_DURATION_BUCKETS - 1];

/* A method that is safe as an attribute: one of the nine of RFC 9110 and PATCH, else "_OTHER". */
struct pel_str pel_method_bounded(struct pel_str method);

/* The route to export as http.route: empty unless its source is one of low cardinality. */
struct pel_str pel_record_route(const struct pel_record *rec);

/* First byte to last byte; 0 when a stamp is missing. */
uint64_t pel_record_duration_ns(const struct pel_record *rec);

/*
 * The stream a finished request belongs to: found, or taken into use when it is new. When the table
 * is full: the last entry, which is_overflow tells and which is exported with nothing but
 * otel.metric.overflow = true. One writer at a time.
 */
struct pel_shm_series *pel_series_find(struct pel_shm_slot *slot, const struct pel_record *rec);
bool pel_series_is_overflow(const struct pel_shm_slot *slot, const struct pel_shm_series *series);
void pel_series_add(struct pel_shm_series *series, uint64_t duration_ns);

#endif
