/*
 * wheel - deadlines of connections, cheap to move.
 *
 * Moving a deadline to a later moment, which every request does, is one store: the entry stays
 * filed where it was and is filed anew when that slot comes up. Deadlines are rounded up to a
 * fraction of their period, so that many idle connections share one wake-up.
 *
 * Owner: the loop; whoever holds the loop calls these. Only due_ns of an entry may also be stored
 * by the thread that answers its connection.
 */
#ifndef PELLUCID_WORKER_WHEEL_H
#define PELLUCID_WORKER_WHEEL_H

#include <stdatomic.h>

#include "pellucid/list.h"

#define PEL_WHEEL_SLOTS 1024
#define PEL_WHEEL_NEVER UINT64_MAX

struct pel_wheel_entry {
    struct pel_list link;
    _Atomic uint64_t due_ns;
    uint64_t tick; /* the slot it is filed in, counted from the beginning of time */
};

struct pel_wheel {
    uint64_t tick;                       /* everything up to here has been looked at */
    uint64_t bits[PEL_WHEEL_SLOTS / 64]; /* slots that hold something */
    struct pel_list slots[PEL_WHEEL_SLOTS];
};

/* A kind of deadline: how long, and how coarse it may be. */
struct pel_period {
    uint64_t len_ns, mask_ns;
};

struct pel_period pel_period_of_ms(int64_t ms);

/* now + period, rounded up. */
static inline uint64_t pel_period_due(const struct pel_period *p, uint64_t now_ns)
{
    return (now_ns + p->len_ns + p->mask_ns) & ~p->mask_ns;
}

void pel_wheel_init(struct pel_wheel *w, uint64_t now_ns);

/* An entry begins without a deadline, filed nowhere. */
void pel_wheel_entry_init(struct pel_wheel_entry *e);

/* Sets the deadline; PEL_WHEEL_NEVER for none. */
void pel_wheel_set(struct pel_wheel *w, struct pel_wheel_entry *e, uint64_t due_ns);

/* The same for a deadline no earlier than the one before, from the thread that answers. */
static inline void pel_wheel_defer(struct pel_wheel_entry *e, uint64_t due_ns)
{
    atomic_store_explicit(&e->due_ns, due_ns, memory_order_relaxed);
}

void pel_wheel_remove(struct pel_wheel *w, struct pel_wheel_entry *e);

/* An entry whose deadline has passed, or NULL. It has none any more, but stays filed: from the
 * first set to the remove an entry is on the wheel, so that a defer is enough to set a new one. */
struct pel_wheel_entry *pel_wheel_pop(struct pel_wheel *w, uint64_t now_ns);

/* The earliest moment at which pop may find something; PEL_WHEEL_NEVER when nothing is filed. */
uint64_t pel_wheel_next_ns(const struct pel_wheel *w);

#endif
