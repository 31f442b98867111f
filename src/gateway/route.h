/*
 * route - reading the route template that a framework has matched, without instrumenting it.
 *
 * What all gateways share is pel_gateway_read_route (gateway.h); here is what only WSGI needs.
 * Called with the GIL held, on the thread of the request.
 */
#ifndef PELLUCID_GATEWAY_ROUTE_H
#define PELLUCID_GATEWAY_ROUTE_H

#include "pellucid/gateway.h"

/* Django keeps its request out of the environ: it is found through the response that the handler
 * returned. Never raises. */
void pel_route_read_django(struct pel_request *rq, PyObject *env, PyObject *response);

#endif
