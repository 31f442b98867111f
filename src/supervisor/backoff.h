/*
 * backoff - how long to wait before something that has died is started again.
 *
 * The first death costs nothing, each further one in a row doubles the pause: 0, 0.1, 0.2 ... 30 s.
 * What lived for PEL_BACKOFF_HEALTHY_NS has begun a new row. Owner: whatever is restarted.
 */
#ifndef PELLUCID_SUPERVISOR_BACKOFF_H
#define PELLUCID_SUPERVISOR_BACKOFF_H

#include "pellucid/time.h"

#define PEL_BACKOFF_FIRST_NS (100 * PEL_NS_PER_MS)
#define PEL_BACKOFF_MAX_NS (30 * PEL_NS_PER_SEC)
#define PEL_BACKOFF_HEALTHY_NS (10 * PEL_NS_PER_SEC)

struct pel_backoff {
    unsigned deaths;   /* in a row */
    uint64_t first_ns; /* when the row began: start of what died first */
};

/* Notes a death after lived_ns and returns the pause in ns before the next start. */
uint64_t pel_backoff_next(struct pel_backoff *b, uint64_t now_ns, uint64_t lived_ns);

#endif
