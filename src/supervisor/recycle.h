/*
 * recycle - workers replaced in good time: make before break, one at a time.
 *
 * A worker that has had enough (RECYCLE) queues up. The first in the queue gets the lease: an heir
 * is started in a slot of its own, and when it serves the old worker drains. The lease is free
 * again when the old worker is gone.
 */
#ifndef PELLUCID_SUPERVISOR_RECYCLE_H
#define PELLUCID_SUPERVISOR_RECYCLE_H

struct pel_member;
struct pel_supervisor;

void pel_recycle_init(struct pel_supervisor *sv);

/* m asks to be replaced. */
void pel_recycle_wanted(struct pel_member *m, const char *reason);

/* Hands out the lease, if it is free, somebody waits, and nothing else is going on. */
void pel_recycle_next(struct pel_supervisor *sv);

/* heir serves in the place of old, which is NULL when it died before. */
void pel_recycle_succeeded(struct pel_member *old, struct pel_member *heir);

/* m, whoever it was, has ended. */
void pel_recycle_ended(struct pel_member *m);

#endif
