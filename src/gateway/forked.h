/*
 * forked - a child that the app has forked is no second worker.
 *
 * It has the worker's sockets, its loop and its shared memory, which have one user each. What the
 * app does in it is the app's affair, but where it would come back to the server (the call returns,
 * raises, waits, answers, asks for more of the body) it is ended: by os._exit, after sys.stdout and
 * sys.stderr were flushed. sys.exit() ends it as it says.
 *
 * The hook of fork(2) sees to that by what it puts in the place of the transport, so that a worker
 * that forks nothing has nothing to do. A thread that is not a request's ends by itself. A child of
 * another task than a request's comes back to the event loop, which is asked to end it: it may
 * never come to a request's task (since 3.14 no loop goes on with its tasks in a child). What the
 * loop had ready before the fork still runs in the child, too.
 */
#ifndef PELLUCID_GATEWAY_FORKED_H
#define PELLUCID_GATEWAY_FORKED_H

#include "pellucid/py.h"

/* A gateway opens: forks are watched from now on. */
void pel_forked_watch(void);

/* The same of children that come back to the event loop; on its thread. 0, or -1 with an exception.
 */
int pel_forked_watch_loop(void);

/* In a child: exc, stolen, has ended the app's call, and ends the process. */
PEL_NORETURN void pel_forked_raised(PyObject *exc);

#endif
