/*
 * exposition - Prometheus text 0.0.4 and OpenMetrics 1.0, from OpenTelemetry names and units.
 *
 * Owner: the caller, on its stack. Names are translated as the OpenTelemetry specification says:
 * dots become underscores, the unit is appended (ns are shown as seconds), counters end in _total.
 * A name that ends in its unit, or a counter's in total, stays as it is. A .count at the end is
 * left out, but for histograms: promtool takes it for theirs.
 */
#ifndef PELLUCID_OBSERVER_EXPOSITION_H
#define PELLUCID_OBSERVER_EXPOSITION_H

#include "pellucid/buf.h"
#include "sink.h"

#define PEL_EXPOSITION_TEXT "text/plain; version=0.0.4; charset=utf-8"
#define PEL_EXPOSITION_OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

#define PEL_EXPOSITION_NAME_LEN 128

struct pel_exposition {
    struct pel_buf *out; /* borrowed */
    bool is_openmetrics;
    /* of the present family */
    char name[PEL_EXPOSITION_NAME_LEN]; /* without _total, _bucket ... */
    bool is_counter;
    bool is_ns;   /* values are shown divided by 1e9 */
    bool is_open; /* a sample is being written, and has a label already */
};

/* The name of a family, without _total, _bucket ...; arguments as below. */
void pel_exposition_name(char out[PEL_EXPOSITION_NAME_LEN], const char *otel_name,
                         const char *otel_unit, const char *type);

/* Begins a family; type is "counter", "gauge", "histogram" or "info". unit is UCUM, "" for none. */
void pel_exposition_family(struct pel_exposition *e, const char *otel_name, const char *unit,
                           const char *type, const char *help);

/* One sample: begin, its labels, then the value. suffix is "" or "_bucket", "_sum", "_count"; that
 * of counters and infos is added by itself. Label names are translated too; where that makes one of
 * several their values become one, with ";" between, as the OpenTelemetry specification says. What
 * would begin with "__", which Prometheus keeps for itself, gets "key" before it; a label without a
 * value is left out, as Prometheus would do. */
void pel_exposition_begin(struct pel_exposition *e, const char *suffix);
void pel_exposition_labels(struct pel_exposition *e, const struct pel_label *labels, size_t n);
/* Orders labels by their names in the exposition; those of one name stay as they are. */
void pel_exposition_sort(struct pel_labels *ls);
/* The upper bound of a histogram's bucket; an attribute of that name ("le") becomes "_le". */
void pel_exposition_bound(struct pel_exposition *e, const char *bound);
/* Labels that another exposition has written (what stands before the value's blank, but for the
 * closing brace); may be empty. */
void pel_exposition_rendered(struct pel_exposition *e, struct pel_str labels);
void pel_exposition_value(struct pel_exposition *e, uint64_t value);
void pel_exposition_real(struct pel_exposition *e, double value);

/* Behind a value, in OpenMetrics alone: a request that stands for it; value in the unit of the
 * family. */
void pel_exposition_exemplar(struct pel_exposition *e, const struct pel_exemplar *exemplar,
                             bool is_ns);

/* The end of the document. */
void pel_exposition_end(struct pel_exposition *e);

#endif
