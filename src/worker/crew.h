/*
 * crew - the application threads that share a baton: started, and waited for at the end.
 *
 * Main thread of the worker, with the GIL. They are threading.Thread objects, so that an app sees
 * them as its own; the main thread, number 0, is none of them.
 */
#ifndef PELLUCID_WORKER_CREW_H
#define PELLUCID_WORKER_CREW_H

#include "baton.h"

/* 0, or -1 with err when not all could be started; those that were are to be joined. */
int pel_crew_start(struct pel_baton *b, struct pel_err *err);

/* Stops the baton and waits a second. How many are still in the app then. */
unsigned pel_crew_join(struct pel_baton *b);

#endif
