/*
 * asgi - what the files of the ASGI gateway share (ASGI 3.0, HTTP and lifespan 2.0).
 *
 *   loop       the asyncio loop's methods and types, looked up once
 *   channel    receive and send, the callables an app is given, and what it awaits
 *   call       one call of the app, as the coroutine that an asyncio.Task drives
 *   task       starts that task: eagerly, on every Python
 *   exchange   one request: what is between a call and the transport
 *   scope, receive, fields, send, lifespan: the protocol itself
 *   after      what stays known of a request that is over, while its app goes on
 *   lent       scopes between two requests, when the app has left them as they were
 *
 * Everything runs on the loop's thread with the GIL held. Ownership: a task owns its call, the call
 * owns its channels; the exchange lives in the request's arena and borrows them. At the end of the
 * request the exchange cuts itself off (owner = NULL everywhere), so that an app may keep its
 * objects, or go on running, for as long as it likes.
 */
#ifndef PELLUCID_GATEWAY_ASGI_H
#define PELLUCID_GATEWAY_ASGI_H

#include "pellucid/cputime.h"
#include "pellucid/gilwait.h"
#include "pellucid/gateway.h"
#include "pellucid/list.h"

/* What the gateway holds while it is open. */
struct pel_asgi {
    struct pel_gateway_env env;
    PyObject *app;                 /* owned */
    PyObject *context;             /* owned: every call runs in a copy of it */
    PyObject *state;               /* owned dict: the lifespan's namespace */
    PyObject *gone_type;           /* owned: ClientDisconnected, an OSError (spec 2.4) */
    struct pel_list calls;         /* of requests: calls whose app has not ended */
    uint64_t thread_id;            /* kernel tid of the loop's thread */
    struct pel_cputime cpu;        /* of that thread */
    const struct pel_gilwait *gil; /* of that thread */
    uint64_t gil_seen_ns;          /* its waits that ended by then have been charged to somebody */
    bool is_closing;               /* calls that end now were stopped by us */
};

extern struct pel_asgi pel_asgi;

/* --- asgi_lifespan.c --- */

/* Runs the start-up as server.lifespan has it. 0, or -1 with err. */
int pel_asgi_lifespan_start(struct pel_err *err);
/* Runs the shutdown, when there was a start-up, for at most timeout_ms. */
void pel_asgi_lifespan_stop(int64_t timeout_ms);

#endif
