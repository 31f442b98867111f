/*
 * outcome - what the answer to an export means (OTLP/HTTP, "Response" and "Retryable").
 */
#ifndef PELLUCID_OBSERVER_OUTCOME_H
#define PELLUCID_OBSERVER_OUTCOME_H

#include "transport.h"

enum pel_verdict {
    PEL_VERDICT_DONE,  /* taken, but for n_rejected items */
    PEL_VERDICT_RETRY, /* the same again, later */
    PEL_VERDICT_SPLIT, /* too large */
    PEL_VERDICT_LOST,  /* no use trying again */
};

struct pel_outcome {
    enum pel_verdict verdict;
    uint64_t n_rejected; /* of DONE; never retried */
    char why[256];       /* for the log; of DONE: a warning of the receiver, or "" */
};

/* items: what the export consists of, in words ("spans"). */
void pel_outcome_read(struct pel_outcome *o, const struct pel_post *post, const char *items);

#endif
