/*
 * sampling - OpenTelemetry's consistent probability sampling (trace/tracestate-probability-sampling
 * of its specification).
 *
 * A random value of 56 bits belongs to each trace: what "rv" in its tracestate says, else the end
 * of the trace id. Whoever decides compares it with a threshold, made of a ratio: kept when it is
 * not below. So all who decide with the same ratio decide alike, and the threshold, which travels
 * as "th", tells how many spans a kept one stands for. Both are in the member "ot" of tracestate:
 * "ot=th:c;rv:6e6d1a75832a2f". Pure functions; any thread.
 */
#ifndef PELLUCID_HTTP_SAMPLING_H
#define PELLUCID_HTTP_SAMPLING_H

#include "pellucid/http.h"

#define PEL_SAMPLING_BITS 56
/* Above every random value: nothing is kept. In a tracestate: there is no threshold. */
#define PEL_THRESHOLD_NONE ((uint64_t)1 << PEL_SAMPLING_BITS)

/* The threshold that keeps this share of all traces: as precise as "th" tells it, to four
 * significant digits. 0 for ratios of 1 and so near to it that there is no difference. */
uint64_t pel_sampling_threshold(double ratio);

/* What the member "ot" of a tracestate says. */
struct pel_sampling {
    uint64_t randomness; /* preset by the caller from the trace id; "rv" where there is one */
    uint64_t threshold;  /* NONE when there is none, or a malformed one */
    bool has_threshold;  /* there is one, malformed or not */
};
void pel_sampling_read(struct pel_sampling *s, struct pel_str state);

/* state with this threshold in place of the one it has; NONE takes it out. All else stays: other
 * parts of "ot", which becomes the first member, and other members, up to 32. In the arena. */
struct pel_str pel_sampling_write(struct pel_str state, uint64_t threshold,
                                  struct pel_arena *arena);

#endif
