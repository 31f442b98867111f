/*
 * exp - exponential histograms of durations (series.h), added up, and the quantiles they tell.
 *
 * Owner: what it is part of, on the observer's one thread. Zeroed is empty.
 */
#ifndef PELLUCID_OBSERVER_EXP_H
#define PELLUCID_OBSERVER_EXP_H

#include "pellucid/series.h"

struct pel_exp {
    uint64_t n_short;                   /* below the first octave */
    uint64_t *octaves[PEL_EXP_OCTAVES]; /* owned; PEL_EXP_WIDTH buckets, or NULL: all are zero */
};

/* Adds the durations of a stream. */
void pel_exp_add(struct pel_exp *e, const struct pel_shm_series_table *t,
                 const struct pel_shm_series *s);
void pel_exp_fini(struct pel_exp *e);

/* The first bucket that is not zero and how many there are up to the last such; 0 when all are. */
size_t pel_exp_extent(const struct pel_exp *e, size_t *first);
uint64_t pel_exp_count(const struct pel_exp *e, size_t bucket);

/*
 * Of what now has and before had not (before may be NULL): fills out with the durations in ns that
 * the shares of qs, in ascending order, do not exceed, at most 1.1 % off; with zeros when there is
 * nothing. Returns how many durations there are.
 */
uint64_t pel_exp_quantiles(const struct pel_exp *now, const struct pel_exp *before,
                           const double *qs, size_t n, uint64_t *out_ns);

#endif
