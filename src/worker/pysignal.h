/*
 * pysignal - signal handlers that the app has set from Python (threaded mode).
 *
 * Python runs them on the main thread, when that executes Python code; but the main thread may be
 * asleep in the loop, or idle. So the C side of Python's handler writes to a pipe that the loop
 * watches, and the main thread is sent to run what is due.
 */
#ifndef PELLUCID_WORKER_PYSIGNAL_H
#define PELLUCID_WORKER_PYSIGNAL_H

#include <uv.h>

#include "pellucid/err.h"

struct pel_baton;

struct pel_pysignal {
    struct pel_baton *baton;
    uv_poll_t poll; /* of fds[0]; open while fds[0] >= 0 */
    int fds[2];
    int old_fd; /* what was set before */
};

/* Main thread, GIL and loop held. */
int pel_pysignal_open(struct pel_pysignal *ps, struct pel_baton *b, struct pel_err *err);
void pel_pysignal_close(struct pel_pysignal *ps);

/* Runs the handlers that are due. Main thread, GIL held. A handler that raises SystemExit or
 * KeyboardInterrupt stops the worker as SIGTERM does; other exceptions are logged. */
void pel_pysignal_run(void);

#endif
