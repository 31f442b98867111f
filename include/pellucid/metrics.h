/*
 * metrics - what the scalar numbers in the shared memory mean; those of routes are in series.h.
 *
 * Writers are the slot's worker (the metrics probe, under its lock; a few scalars by the worker
 * itself with pel_metric_add), and the supervisor for the requests of a worker that has died
 * (pel_probes_bury). The observer reads the tables at any time and adds the slots up.
 */
#ifndef PELLUCID_METRICS_H
#define PELLUCID_METRICS_H

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

/* Those of vitals.h, and the attribute of each: "" = none. */
extern const struct pel_vital_info {
    struct pel_metric_info metric;
    const char *key, *value;
} pel_vital_infos[PEL_VITAL_N];

#endif
