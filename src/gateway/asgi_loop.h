/*
 * asgi_loop - the asyncio loop as the gateway uses it: methods and types, looked up once.
 */
#ifndef PELLUCID_GATEWAY_ASGI_LOOP_H
#define PELLUCID_GATEWAY_ASGI_LOOP_H

#include "pellucid/py.h"

/* All owned while the gateway is open. */
struct pel_asgi_loop {
    PyObject *loop;
    PyObject *task_type;                              /* asyncio.Task */
    PyObject *cancelled_error;                        /* asyncio.CancelledError */
    PyObject *create_future, *call_later, *call_soon; /* bound methods */
    PyObject *dict; /* the loop's __dict__; NULL when it has none */
};

extern struct pel_asgi_loop pel_asgi_loop;

/* 0, or -1 with an exception; to be closed then, too. */
int pel_asgi_loop_open(PyObject *loop);
void pel_asgi_loop_close(void);

/* 1 when a task factory is installed, 0, or -1 with an exception. */
int pel_asgi_loop_has_factory(void);

/* Calls method (a PyCFunction of self) after a delay: the handle, or NULL with an exception. */
PyObject *pel_asgi_loop_later(double delay_s, PyMethodDef *method, PyObject *self);

/* Cancels a handle and drops the reference; NULL is harmless. */
void pel_asgi_loop_cancel(PyObject **handle);

/* Completes a future that somebody waits for, unless it is done (cancelled) already. */
void pel_asgi_loop_complete(PyObject *future);

/* Runs the loop until all futures (a list, not empty) are done or timeout_ms have passed. 1 when
 * they are, 0 when not, -1 with an exception. */
int pel_asgi_loop_wait(PyObject *futures, int64_t timeout_ms);

#endif
