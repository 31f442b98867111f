/*
 * health - how the exports of one signal are doing, for the status page and the log.
 *
 * Owner: the exporter. Whatever goes wrong, there is a line in half a minute at most.
 */
#ifndef PELLUCID_OBSERVER_HEALTH_H
#define PELLUCID_OBSERVER_HEALTH_H

#include "pellucid/base.h"

struct pel_health {
    const char *receiver; /* borrowed: where exports go */
    const char *items;    /* what they consist of: "spans" */
    uint64_t last_ok_wall_ns, last_failure_wall_ns;
    uint64_t logged_ns;       /* monotonic, last line about failures */
    uint64_t n_lost_unlogged; /* items, since then */
    bool is_failing;          /* the last request did */
    bool is_failure_logged;
    char last_failure[256];
};

/* Items were lost; the next line says so. */
void pel_health_lost(struct pel_health *h, uint64_t n);

/* A request was accepted; warning is what the receiver says besides, or "". n_rejected are lost. */
void pel_health_succeeded(struct pel_health *h, uint64_t n_rejected, const char *warning);

void pel_health_failed(struct pel_health *h, const char *why);

/* The last line, when something was lost and not told yet. */
void pel_health_end(const struct pel_health *h);

#endif
