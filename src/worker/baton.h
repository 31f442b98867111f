/*
 * baton - how the application threads of a worker share one loop (threaded gateways).
 *
 * Whoever holds the baton runs the loop, without the GIL, then takes the GIL and runs the app for
 * the requests that were found, one after another, and writes the answers itself: a fast app pays
 * for no hand-over. While it is in the app (or waits for the GIL) the baton may be taken from it.
 *
 * Thread 0 is the main thread of the process, so that signal handlers of the app work.
 */
#ifndef PELLUCID_WORKER_BATON_H
#define PELLUCID_WORKER_BATON_H

#include "loop.h"

/* Serves until pel_baton_stop. Main thread, with the GIL, which it holds again at the end. */
int pel_baton_run(struct pel_loop *loop, struct pel_err *err);

/* Ends pel_baton_run when the loop has turned. Loop held. */
void pel_baton_stop(struct pel_loop *loop);

#endif
