/*
 * exposition_sink - collected metrics as an exposition.
 *
 * Owner: the caller, on its stack.
 */
#ifndef PELLUCID_OBSERVER_EXPOSITION_SINK_H
#define PELLUCID_OBSERVER_EXPOSITION_SINK_H

#include "exposition.h"
#include "sink.h"

#define PEL_BOUNDS_MAX 32
#define PEL_BOUND_LEN 32

struct pel_exposition_sink {
    struct pel_sink sink;
    struct pel_exposition *e;  /* borrowed */
    struct pel_buf labels;     /* of a histogram, as they stand in each of its lines */
    const uint64_t *formatted; /* the bounds that are in bounds, NULL = none */
    char bounds[PEL_BOUNDS_MAX + 1][PEL_BOUND_LEN];
};

void pel_exposition_sink_init(struct pel_exposition_sink *s, struct pel_exposition *e);
void pel_exposition_sink_fini(struct pel_exposition_sink *s);

#endif
