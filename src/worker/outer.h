/*
 * outer - the asyncio loop of a worker: made, and taken down as asyncio.run would.
 *
 * Main thread, GIL held. The loop belongs to the caller.
 */
#ifndef PELLUCID_WORKER_OUTER_H
#define PELLUCID_WORKER_OUTER_H

#include "pellucid/err.h"
#include "pellucid/py.h"

struct pel_conf;

/* The loop of server.loop, set as the thread's current one. New reference, or NULL with err. */
PyObject *pel_outer_open(const struct pel_conf *conf, struct pel_err *err);

/* Cancels the tasks that are left and gives them a bounded time; what they raise goes to the loop's
 * exception handler. */
void pel_outer_cancel_tasks(PyObject *loop);

/* Shuts async generators and the default executor down and closes the loop. Steals the reference;
 * what goes wrong is logged. */
void pel_outer_close(PyObject *loop);

/* Takes the Python exception that is set: err is "what: Type: message". Returns -1. */
int pel_outer_err(struct pel_err *err, const char *what);

#endif
