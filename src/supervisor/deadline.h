/*
 * deadline - things to do later, on one libuv timer that runs only while something is due.
 *
 * A deadline is embedded in what it concerns, set and cancelled without allocation, and fires once.
 * Owner: the supervisor's loop. There are few at a time (starts, drains, pauses), so a sorted list
 * does.
 */
#ifndef PELLUCID_SUPERVISOR_DEADLINE_H
#define PELLUCID_SUPERVISOR_DEADLINE_H

#include <uv.h>

#include "pellucid/list.h"

struct pel_deadline {
    struct pel_list link; /* on deadlines.due while set */
    uint64_t at_ns;       /* monotonic; 0 = not set */
    void (*fire)(struct pel_deadline *d);
};

struct pel_deadlines {
    uv_timer_t timer;
    struct pel_list due; /* earliest first */
};

void pel_deadlines_init(struct pel_deadlines *ds, uv_loop_t *loop);
void pel_deadlines_fini(struct pel_deadlines *ds); /* closes the timer; the loop runs once more */

/* Once for each deadline before it is used. */
void pel_deadline_init(struct pel_deadline *d, void (*fire)(struct pel_deadline *d));

/* Fires after_ns from now; an earlier setting is forgotten. */
void pel_deadline_set(struct pel_deadlines *ds, struct pel_deadline *d, uint64_t after_ns);
void pel_deadline_cancel(struct pel_deadline *d);

static inline bool pel_deadline_is_set(const struct pel_deadline *d)
{
    return d->at_ns != 0;
}

#endif
