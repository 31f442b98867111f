/*
 * gateway - the seam between the transport and a Python protocol (WSGI, ASGI).
 *
 * A gateway is a const table; the list of them is src/gateway/gateway.c. One gateway is open in a
 * worker, process-wide. All functions run in the worker with the GIL held. `respond` of a THREADS
 * gateway carries one request from beginning to end on the calling thread; that of a LOOP gateway
 * starts it on the running asyncio loop and returns, and the on_* events follow on the same thread.
 */
#ifndef PELLUCID_GATEWAY_H
#define PELLUCID_GATEWAY_H

#include "pellucid/err.h"
#include "pellucid/log.h"
#include "pellucid/py.h"
#include "pellucid/request.h"

struct pel_conf;
struct pel_probes;

enum pel_gateway_mode { PEL_GATEWAY_THREADS = 0, PEL_GATEWAY_LOOP };

/* What a gateway is given; borrowed for as long as it is open. */
struct pel_gateway_env {
    const struct pel_conf *conf;
    struct pel_probes *probes;
    unsigned slot;        /* of this worker */
    bool is_multiprocess; /* more than one worker may serve */
    PyObject *loop;       /* LOOP gateways: the asyncio loop, not running yet; else NULL */
    void (*cancel_tasks)(PyObject *loop); /* ... ends the tasks that are left on it */
};

struct pel_gateway {
    const char *name; /* "wsgi", "asgi": the values of server.interface */
    enum pel_gateway_mode mode;

    /* Is this object an app of ours (interface = "auto")? 1, 0, or -1 with an exception set. */
    int (*accepts)(PyObject *app);

    /* Prepares constants and keeps a reference to app. LOOP: also runs the lifespan start-up on
     * env->loop (run_until_complete). 0, or -1 with err (tracebacks are logged by the gateway). */
    int (*open)(const struct pel_gateway_env *env, PyObject *app, struct pel_err *err);

    void (*respond)(struct pel_request *rq);

    /* rec.spent of a request it has, with what the app has used of the CPU until now: while the
     * app runs, on any thread. Cheap for pieces that PEL_CPUTIME_SHORT_NS describes, a system call
     * for others; on a thread that is not the request's nothing is known: cpu_ns is 0. */
    void (*spent)(const struct pel_request *rq, uint64_t now_ns, struct pel_spent *spent);

    /* LOOP only. More body, or its end, can be read; the out buffer has drained; the client is gone
     * (the gateway still finishes or aborts rq itself, when its task has ended). may_read: it has
     * closed its sending side, and nobody knows whether it reads; when it turns out that it does
     * not, on_gone is called again. */
    void (*on_body)(struct pel_request *rq);
    void (*on_drain)(struct pel_request *rq);
    void (*on_gone)(struct pel_request *rq, bool may_read);

    /* LOOP: the app's calls may go on until deadline_ns, and are then cancelled; runs the lifespan
     * shutdown. Drops every reference. */
    void (*close)(uint64_t deadline_ns);
};

extern const struct pel_gateway pel_gateway_wsgi;
extern const struct pel_gateway pel_gateway_asgi;

/* By conf->server_interface, or by asking each gateway. NULL with err when none accepts the app. */
const struct pel_gateway *pel_gateway_find(const struct pel_conf *conf, PyObject *app,
                                           struct pel_err *err);

/* --- shared by the gateways (src/gateway/errors.c) --- */

/* Where exceptions are counted from now on: NULL = nowhere. */
void pel_gateway_count_errors(struct pel_probes *ps);

/* Takes the exception that is set: fills rec->error and rec->exc_* (copies in the arena), logs the
 * traceback with all that is known of the request, counts it, and leaves no exception set. The
 * framework's route has been read before; the one that the app has set is read here. */
void pel_gateway_app_failed(struct pel_request *rq);

/* The app has raised exc, borrowed, which its framework has answered for (gateway/handled.h): it is
 * logged and counted all the same, and in rec; what a client has caused by leaving is only in rec.
 * No exception may be set. */
void pel_gateway_app_raised(struct pel_request *rq, PyObject *exc);

/* The same of an app that goes on after its request is over: rec is what is known of that. */
void pel_gateway_app_raised_late(const struct pel_record *rec, PyObject *exc);

/* Type, message and stack of an exception as UTF-8 in the arena; no exception may be set. Between
 * the opening and the closing of a gateway. */
void pel_gateway_describe(PyObject *exc, struct pel_arena *arena, struct pel_str *type,
                          struct pel_str *message, struct pel_str *stack);

/* Logs an app's breach of its protocol (no exception needed) and fills rec->error. */
void pel_gateway_app_misbehaved(struct pel_request *rq, const char *what);

/* Takes the exception that is set, which belongs to no request (or to one that is over), and logs
 * its traceback below head. */
void pel_gateway_log_exception(enum pel_log_entry entry, const char *head);

/* A child that the app has forked (src/gateway/forked.h); ends it, with the GIL held. */
extern bool pel_gateway_is_forked;
PEL_NORETURN void pel_gateway_end_forked(void);

/* Adds what `import pellucid` needs of C to a module (src/gateway/api.h). 0, or -1 with an
 * exception. */
int pel_api_add(PyObject *module);

/* The framework's route template, read from the environ or scope once the framework has routed
 * (Starlette, FastAPI, Litestar, Flask, Bottle), or from what it keeps to itself, which may be NULL
 * (Falcon, Quart, Django, a copy of the scope: gateway/route.h); sets rec->route unless one with
 * precedence is there. Never raises. */
void pel_gateway_read_route(struct pel_request *rq, PyObject *environ_or_scope,
                            PyObject *framework_own);

#endif
