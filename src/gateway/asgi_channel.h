/*
 * asgi_channel - the callables an app is given, receive and send, and what it awaits.
 *
 * A call that can be answered at once costs no future: what it returns is done (done.h), or is when
 * it is asked. One that must wait is given an asyncio future, in the channel's keeping, and asks
 * again each time the channel is woken. Any number of tasks may wait on one channel. The awaitables
 * are coroutines to collections.abc (send, throw, close), so that an app may make tasks of them.
 */
#ifndef PELLUCID_GATEWAY_ASGI_CHANNEL_H
#define PELLUCID_GATEWAY_ASGI_CHANNEL_H

#include "pellucid/base.h"
#include "pellucid/py.h"

struct pel_asgi_channel;

struct pel_asgi_channel_ops {
    const char *name; /* "receive" or "send" */
    vectorcallfunc call;
    /* The result of what is awaited. NULL with an exception: it failed; NULL without one: not yet,
     * ask again after pel_asgi_channel_wake. */
    PyObject *(*poll)(struct pel_asgi_channel *ch);
    /* Somebody has begun to wait for the client (since_ns), or nobody does any more. May be NULL.
     */
    void (*shift)(struct pel_asgi_channel *ch);
};

struct pel_asgi_channel {
    PyObject_HEAD vectorcallfunc vectorcall;
    const struct pel_asgi_channel_ops *ops;
    void *owner;        /* borrowed: exchange or lifespan; NULL when that is over */
    PyObject *waiters;  /* owned list of futures, or NULL */
    uint64_t since_ns;  /* somebody waits for the client; 0 = nobody does */
    uint64_t waited_ns; /* ... and before that */
    bool is_clients;    /* poll: it is the client who has to do something */
    bool is_gone;       /* over because the client left */
};

/* Prepare the types. 0, or -1 with an exception. */
int pel_asgi_channel_init(void);
void pel_asgi_channel_fini(void);
int pel_asgi_awaitable_init(void);
void pel_asgi_awaitable_fini(void);

struct pel_asgi_channel *pel_asgi_channel_new(const struct pel_asgi_channel_ops *ops, void *owner);

/* A future that the next wake completes, or NULL with an exception; and the end of waiting for it.
 */
PyObject *pel_asgi_channel_wait(struct pel_asgi_channel *ch);
void pel_asgi_channel_forget(struct pel_asgi_channel *ch, PyObject *future);

/* Lets all who wait ask again. True when somebody did. */
bool pel_asgi_channel_wake(struct pel_asgi_channel *ch);

/* Cuts the channel off from its owner and wakes it. */
void pel_asgi_channel_end(struct pel_asgi_channel *ch, bool is_gone);

/* --- asgi_awaitable.c: new references, or NULL with an exception --- */

/* Raises the exception that is set; asks ch. */
PyObject *pel_asgi_failed(void);
PyObject *pel_asgi_waiting(struct pel_asgi_channel *ch);

#endif
