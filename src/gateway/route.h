/*
 * route - reading the route template that a framework has matched, without instrumenting it.
 *
 * Most frameworks leave their route in environ or scope, where pel_gateway_read_route (gateway.h)
 * finds it. Here are the others. Falcon, Quart and Django (ASGI) keep their request or response to
 * themselves, and Starlette's relatives and Litestar may be given a copy of the scope by
 * middleware: but these are variables of the function in which they call start_response, send or
 * receive, so we look for that function among our callers. It is known by its code object, so that
 * costs a few pointers where one of them is loaded, and nothing elsewhere. Falcon compiled by
 * Cython (before 4) has no such frames, so no routes. All of it with the GIL held, on the thread of
 * the request.
 */
#ifndef PELLUCID_GATEWAY_ROUTE_H
#define PELLUCID_GATEWAY_ROUTE_H

#include "pellucid/gateway.h"

#define PEL_ROUTE_MAX 1024 /* a template longer than this is no template */

/* Django keeps its request out of the environ: it is found through the response that the handler
 * returned. Never raises. */
void pel_route_read_django(struct pel_request *rq, PyObject *env, PyObject *response);

/* exc has left the app: where the route is not known yet, it is looked for in the framework's
 * functions that exc went through. No exception may be set; never raises. */
void pel_route_read_raised(struct pel_request *rq, PyObject *environ_or_scope, PyObject *exc);

/* --- route_frame.c --- */

/* A gateway opens, the app is loaded: 0, or -1 with an exception. It closes. */
int pel_route_frames_init(void);
void pel_route_frames_fini(void);

/* Use pel_route_find_own and pel_route_find_own_or_copy. */
extern unsigned pel_route_frames_n, pel_route_scope_frames_n;
PyObject *pel_route_search_frames(void);
PyObject *pel_route_search_copy(PyObject *scope);

/* What the framework that is calling us knows the request by, for pel_gateway_read_route: a new
 * reference, or NULL when it is none of these. Never raises. */
static inline PyObject *pel_route_find_own(void)
{
    return PEL_LIKELY(pel_route_frames_n == 0) ? NULL : pel_route_search_frames();
}

/* The same, or a copy of scope that is the framework's. */
static inline PyObject *pel_route_find_own_or_copy(PyObject *scope)
{
    PyObject *own = pel_route_find_own();

    return own || PEL_LIKELY(pel_route_scope_frames_n == 0) ? own : pel_route_search_copy(scope);
}

/* What the framework that exc, which has left the app, went through knew the request by: like
 * pel_route_find_own, or a scope. */
PyObject *pel_route_search_raised(PyObject *exc);

/* --- route_scope.c: Starlette, FastAPI, Litestar; none raises --- */

/* Sets the route of rq from what the framework has left in scope. */
void pel_route_read_scope(struct pel_request *rq, PyObject *scope);

/* What mounts have matched, as a template: borrowed from scope, or in the arena. */
struct pel_str pel_route_mount(struct pel_request *rq, PyObject *scope);

/* --- for both --- */

/* Sets prefix + separator + template. template is borrowed and may be NULL, or no str at all. */
void pel_route_set(struct pel_request *rq, struct pel_str prefix, const char *separator,
                   PyObject *template);

/* The UTF-8 of dict[key], borrowed from it; empty without one. */
struct pel_str pel_route_text(PyObject *dict, PyObject *key);

#endif
