/*
 * detect - which protocol an app speaks, from the look of it.
 *
 * Called with the GIL held, at start. ASGI: a coroutine function, an object whose __call__ is one,
 * or a callable or class with three required parameters (scope, receive, send). WSGI: what takes
 * two, and callables that do not let themselves be looked into. functools.partial and bound
 * methods are seen through, and decorators with __wrapped__ where their own signature says nothing.
 */
#ifndef PELLUCID_GATEWAY_DETECT_H
#define PELLUCID_GATEWAY_DETECT_H

#include "pellucid/py.h"

/* 1, 0, or -1 with TypeError: not callable, a double callable of ASGI 2, or a signature that fits
 * neither protocol. */
int pel_detect_asgi(PyObject *app);
int pel_detect_wsgi(PyObject *app);

#endif
