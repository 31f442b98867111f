/*
 * exposition_sink - collected metrics as an exposition.
 *
 * Owner: the caller, on its stack.
 */
#ifndef PELLUCID_OBSERVER_EXPOSITION_SINK_H
#define PELLUCID_OBSERVER_EXPOSITION_SINK_H

#include "exposition.h"
#include "sink.h"

struct pel_exposition_sink {
    struct pel_sink sink;
    struct pel_exposition *e; /* borrowed */
    struct pel_buf labels;    /* of a histogram, as they stand in each of its lines */
};

void pel_exposition_sink_init(struct pel_exposition_sink *s, struct pel_exposition *e);
void pel_exposition_sink_fini(struct pel_exposition_sink *s);

#endif
