/*
 * route - reading the route template that a framework has matched, without instrumenting it.
 *
 * Most frameworks leave their route in environ or scope, where pel_gateway_read_route (gateway.h)
 * finds it. Here are the others. Falcon, Quart and Django (ASGI) keep their request or response to
 * themselves, but it is a variable of the function in which they call start_response, send or
 * receive: we look for that function among our callers. That is known by its code object, so it
 * costs a few pointers where one of them is loaded, and nothing elsewhere. Falcon compiled by
 * Cython (before 4) has no such frames, so no routes. All of it with the GIL held, on the thread of
 * the request.
 */
#ifndef PELLUCID_GATEWAY_ROUTE_H
#define PELLUCID_GATEWAY_ROUTE_H

#include "pellucid/gateway.h"

/* Django keeps its request out of the environ: it is found through the response that the handler
 * returned. Never raises. */
void pel_route_read_django(struct pel_request *rq, PyObject *env, PyObject *response);

/* A gateway opens, the app is loaded: 0, or -1 with an exception. It closes. */
int pel_route_frames_init(void);
void pel_route_frames_fini(void);

/* Use pel_route_find_own. */
extern unsigned pel_route_frames_n;
PyObject *pel_route_search_frames(void);

/* What the framework that is calling us knows the request by, for pel_gateway_read_route: a new
 * reference, or NULL when it is none of these. Never raises. */
static inline PyObject *pel_route_find_own(void)
{
    return PEL_LIKELY(pel_route_frames_n == 0) ? NULL : pel_route_search_frames();
}

#endif
