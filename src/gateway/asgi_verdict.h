/*
 * asgi_verdict - what an app has made of its request: whether it failed, or its client has left.
 *
 * On the loop's thread, with the GIL held and no exception set; the exchange still has its request,
 * whose record gets the verdict.
 */
#ifndef PELLUCID_GATEWAY_ASGI_VERDICT_H
#define PELLUCID_GATEWAY_ASGI_VERDICT_H

#include "gateway/asgi_exchange.h"

/* The app has raised exc, which is borrowed. */
void pel_asgi_verdict_raised(struct pel_asgi_exchange *ex, PyObject *exc);

/* The app has returned, or was abandoned; was that all? */
void pel_asgi_verdict_returned(struct pel_asgi_exchange *ex);

/* The request goes back: the framework may have answered for an app that raised. */
void pel_asgi_verdict_handled(struct pel_asgi_exchange *ex);

#endif
