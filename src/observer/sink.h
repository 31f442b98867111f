/*
 * sink - where collected metrics go: an exposition (Prometheus) or an export (OTLP).
 *
 * One thread. pel_collect calls family, then point or histogram for each series of it. What it
 * hands over lives until the call returns, infos for good.
 */
#ifndef PELLUCID_OBSERVER_SINK_H
#define PELLUCID_OBSERVER_SINK_H

#include "pellucid/arena.h"
#include "pellucid/attribute.h"
#include "pellucid/metrics.h"

#define PEL_LABELS_MAX 8
#define PEL_OVERFLOW_KEY "otel.metric.overflow"

/* An attribute. */
struct pel_label {
    const char *key; /* as OpenTelemetry has it */
    enum pel_attribute_type type;
    struct pel_str text; /* of a STR */
    int64_t number;      /* of an INT; 0 or 1 of a BOOL */
    double real;         /* of a FLOAT */
};

struct pel_labels {
    struct pel_label items[PEL_LABELS_MAX];
    size_t n;
};

static inline void pel_labels_text(struct pel_labels *ls, const char *key, struct pel_str text)
{
    PEL_ASSERT(ls->n < PEL_LABELS_MAX && text.p);
    ls->items[ls->n++] = (struct pel_label){.key = key, .text = text};
}

static inline void pel_labels_cstr(struct pel_labels *ls, const char *key, const char *text)
{
    pel_labels_text(ls, key, pel_str(text, strlen(text)));
}

static inline void pel_labels_number(struct pel_labels *ls, const char *key, int64_t number)
{
    PEL_ASSERT(ls->n < PEL_LABELS_MAX);
    ls->items[ls->n++] =
        (struct pel_label){.key = key, .type = PEL_ATTRIBUTE_INT, .number = number};
}

/* The one attribute of a stream that has what found no room in others. */
static inline void pel_labels_overflow(struct pel_labels *ls)
{
    *ls = (struct pel_labels){
        .n = 1, .items = {{.key = PEL_OVERFLOW_KEY, .type = PEL_ATTRIBUTE_BOOL, .number = 1}}};
}

/* A request that stands for a bucket. */
struct pel_exemplar {
    uint8_t trace_id[16], span_id[8];
    uint64_t value;   /* in the unit of the family */
    uint64_t wall_ns; /* 0 = there is none */
};

/* Bounds and sum are in the unit of the family. */
struct pel_histogram {
    const uint64_t *bounds; /* upper, inclusive */
    const uint64_t *counts; /* n_bounds + 1, the last one of what is larger than all bounds */
    size_t n_bounds;
    uint64_t sum;
    const struct pel_exemplar *exemplars; /* as many as counts, or NULL */
    const struct pel_exp *exponential;    /* the same values again, or NULL */
};

/* The same of an app's own numbers. */
struct pel_real_histogram {
    const double *bounds;
    const uint64_t *counts;
    size_t n_bounds;
    double sum;
};

struct pel_exp;

struct pel_sink {
    void (*family)(struct pel_sink *sink, const struct pel_metric_info *info);
    void (*point)(struct pel_sink *sink, const struct pel_labels *ls, uint64_t value);
    void (*histogram)(struct pel_sink *sink, const struct pel_labels *ls,
                      const struct pel_histogram *h);
    void (*real)(struct pel_sink *sink, const struct pel_labels *ls, double value);
    void (*real_histogram)(struct pel_sink *sink, const struct pel_labels *ls,
                           const struct pel_real_histogram *h);
    /* Which series the labels make, in the arena: those that are one to the reader have the same
     * text. NULL: as many as there are sets of attributes. */
    struct pel_str (*identify)(struct pel_sink *sink, const struct pel_labels *ls,
                               struct pel_arena *a);
    /* The name of a family as the reader has it, in the arena. NULL: that of OpenTelemetry. */
    struct pel_str (*name)(struct pel_sink *sink, const struct pel_metric_info *info,
                           struct pel_arena *a);
    bool wants_exponential; /* of durations */
};

#endif
