/*
 * cause - what the app has raised, where its framework raises an exception of its own instead.
 *
 * Litestar does so once the response has begun, and Starlette takes an OSError of the app's stream
 * for a client that has left. Any thread, with the GIL held.
 */
#ifndef PELLUCID_GATEWAY_CAUSE_H
#define PELLUCID_GATEWAY_CAUSE_H

#include "pellucid/py.h"

/* A new reference: to what is behind exc, or to exc itself. No exception may be set, none is
 * after. */
PyObject *pel_cause_find(PyObject *exc);

#endif
