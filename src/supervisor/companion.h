/*
 * companion - the roles beside the workers: the observer, and in development the watcher.
 *
 * Either may die at any time; it is started again, and nobody else notices.
 */
#ifndef PELLUCID_SUPERVISOR_COMPANION_H
#define PELLUCID_SUPERVISOR_COMPANION_H

struct pel_supervisor;

void pel_companions_init(struct pel_supervisor *sv);
void pel_companions_start(struct pel_supervisor *sv);

/* A new generation serves: the observer is replaced when its configuration is another. There is
 * never more than one, since each ring has one reader. */
void pel_observer_reload(struct pel_supervisor *sv);

#endif
