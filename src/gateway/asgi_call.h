/*
 * asgi_call - one call of the app, as the coroutine that an asyncio.Task drives.
 *
 * The app is called in the task's first step, so inside its context. What the app raises ends here:
 * the owner is told, and the task simply returns, so nothing reaches the loop's exception handler;
 * only a CancelledError goes on, and makes the task a cancelled one.
 */
#ifndef PELLUCID_GATEWAY_ASGI_CALL_H
#define PELLUCID_GATEWAY_ASGI_CALL_H

#include "gateway/asgi_after.h"
#include "gateway/asgi_channel.h"
#include "pellucid/list.h"

struct pel_asgi_call;
struct pel_asgi_lent;

/* What the app is called with. */
struct pel_asgi_scope {
    PyObject *dict;               /* owned */
    struct pel_asgi_lent *lender; /* NULL = nobody wants it back */
};

/* asgi_lent.c: lets go of what it holds, if anything. may_rest: its app has ended, and the garbage
 * collector, to which it might belong, is not at work. */
void pel_asgi_scope_drop(struct pel_asgi_scope *s, bool may_rest);

struct pel_asgi_call_ops {
    /* The app is about to run on this thread; it has come to an await that waits. */
    void (*enter)(struct pel_asgi_call *call);
    void (*leave)(struct pel_asgi_call *call);
    /* It has returned, or raised exc (borrowed). Instead of leave. */
    void (*ended)(struct pel_asgi_call *call, PyObject *exc);
};

struct pel_asgi_call {
    PyObject_HEAD const struct pel_asgi_call_ops *ops;
    void *owner;                 /* borrowed: exchange or lifespan; NULL when over */
    struct pel_asgi_scope scope; /* owned until the app has ended, like the rest */
    struct pel_asgi_channel *receive, *send;
    PyObject *framework_own;      /* pel_route_find_own; NULL without */
    struct pel_asgi_after *after; /* NULL until the request is over and the app goes on */
    PyObject *awaiting;           /* iterator of what the app returned */
    PyObject *task;               /* NULL in the first step of an eager task */
    struct pel_list link;         /* in pel_asgi.calls, which owns a reference */
    bool is_stepping;             /* the app runs just now, below us on the stack */
    bool is_over;                 /* the app has ended */
};

int pel_asgi_call_init(void);
void pel_asgi_call_fini(void);

/* Steals scope, receive and send, also when it fails (NULL with an exception). */
struct pel_asgi_call *pel_asgi_call_new(const struct pel_asgi_call_ops *ops, void *owner,
                                        struct pel_asgi_scope scope,
                                        struct pel_asgi_channel *receive,
                                        struct pel_asgi_channel *send);

/* task.cancel(); harmless when the app has ended. */
void pel_asgi_call_cancel(struct pel_asgi_call *call);

/* Ends the call of an app that does not end by itself: its coroutine is destroyed. */
void pel_asgi_call_abandon(struct pel_asgi_call *call);

/* --- asgi_task.c --- */

/* Prepares what starting needs. 0, or -1 with an exception. */
int pel_asgi_task_init(void);
void pel_asgi_task_fini(void);

/* Runs call as a task in a fresh copy of pel_asgi.context: its first step at once (loop context
 * only), or, with 0 for moment_ns, soon. The moment is when the request was found: once for each
 * the loop is asked for a task factory, which is to start the task then. 0, or -1 with an exception
 * when there is no task. */
int pel_asgi_task_start(struct pel_asgi_call *call, uint64_t moment_ns);

#endif
