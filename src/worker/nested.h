/*
 * nested - libuv inside asyncio: two loops in one thread, and one sleep.
 *
 * Workers with a LOOP gateway only; one a process. asyncio (or uvloop) is the outer loop and the
 * only one that sleeps. It watches the descriptor of the worker's uv loop and gives that one a
 * turn, without waiting, when something happened; libuv's next timer is bridged by one timer of the
 * outer loop, so nothing is ever polled. Requests that a turn has found are started after it, a
 * bounded number at a time, from a callback of the outer loop: never inside a uv callback, nor
 * inside an app's send().
 *
 * Everything here runs on the main thread with the GIL held. The uv loop is driven whenever the
 * outer loop runs: also while the gateway's open and close run the lifespan.
 */
#ifndef PELLUCID_WORKER_NESTED_H
#define PELLUCID_WORKER_NESTED_H

#include "loop.h"
#include "pellucid/err.h"
#include "pellucid/py.h"

/*
 * Makes the loop that server.loop asks for (pel_gateway_env.loop), makes it the thread's current
 * event loop, begins to watch inner->uv, and sets inner->kick. kick is to be called whenever a
 * handle was started, restarted or closed, a timer set, or a request finished: libuv defers its
 * epoll_ctl calls to its next run, and without one the event would never be seen. Inside a turn it
 * is noted; elsewhere (an app's task is sending) a turn is scheduled. Cheap, and harmless when not
 * needed. Returns the outer loop, borrowed, or NULL with err (uvloop is wanted and not there).
 */
PyObject *pel_nested_open(struct pel_loop *inner, struct pel_err *err);

/* Runs both loops until pel_nested_stop. 0, or -1 with err when something in the app (SystemExit,
 * KeyboardInterrupt in a callback) has broken out of the loop. */
int pel_nested_run(struct pel_err *err);

/* Ends pel_nested_run; called before it, the next run returns at once. */
void pel_nested_stop(void);

/* Cancels what tasks the app has left (they get a bounded time to clean up), shuts async generators
 * and default executor down, closes the outer loop. The gateway has been closed before; the handles
 * of inner are the worker's to close afterwards. */
void pel_nested_close(void);

#endif
