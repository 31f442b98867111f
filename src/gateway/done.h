/*
 * done - awaitables that are complete when they are made.
 *
 * What a call returns that has an answer at once: send() of an ASGI app, `async with` of a span.
 * Awaiting one costs no future and no turn of the loop. Any thread with the GIL; references are
 * the caller's. They are coroutines to collections.abc (send, throw, close), so that an app may
 * make tasks of them.
 */
#ifndef PELLUCID_GATEWAY_DONE_H
#define PELLUCID_GATEWAY_DONE_H

#include "pellucid/py.h"

/* Prepare the type, and the object for None. 0, or -1 with an exception; may be called again. */
int pel_done_init(void);

/* An awaitable with value as its result; the one of None. NULL with an exception. */
PyObject *pel_done_new(PyObject *value);
PyObject *pel_done_none(void);

/* Ends an iteration: sets StopIteration with value as its result, which it steals; returns NULL. */
PyObject *pel_done_stop(PyObject *value);

/* Sets the exception that the arguments of a coroutine's throw(), a tuple, stand for. */
void pel_done_set_thrown(PyObject *args);

#endif
