#include <stdio.h>

#include "gateway/asgi.h"
#include "gateway/asgi_call.h"
#include "gateway/asgi_loop.h"
#include "gateway/done.h"
#include "gateway/strings.h"
#include "pellucid/conf.h"
#include "pellucid/log.h"

/* The lifespan of the app: one call of it, as long as the worker serves. */
enum stage {
    STAGE_OFF = 0,  /* not called, or not supported */
    STAGE_STARTING, /* waits for startup.complete or .failed */
    STAGE_STARTED,
    STAGE_STOPPING, /* waits for shutdown.complete or .failed */
    STAGE_FAILED,   /* the app has said that it cannot start */
};

static struct {
    enum stage stage;
    bool is_startup_received, is_shutdown_received;
    bool has_started;           /* startup.complete was sent, whatever came after it */
    struct pel_asgi_call *call; /* owned while the app runs */
    PyObject
        *progress; /* owned: a future that pel_asgi_lifespan_start and _stop wait for, or NULL */
    char failure[800]; /* what startup.failed or shutdown.failed, or an exception, said */
    bool has_raised;
} lifespan;

static void go_on(enum stage stage)
{
    lifespan.stage = stage;
    if (stage == STAGE_STARTED)
        lifespan.has_started = true;
    if (lifespan.progress)
        pel_asgi_loop_complete(lifespan.progress);
}

/* --- receive() --- */

static PyObject *event(const char *type)
{
    return Py_BuildValue("{O:s}", pel_interned.type, type);
}

static PyObject *receive_poll(struct pel_asgi_channel *ch)
{
    if (!lifespan.is_startup_received) {
        lifespan.is_startup_received = true;
        return event("lifespan.startup");
    }
    if (lifespan.stage != STAGE_STOPPING || lifespan.is_shutdown_received)
        return NULL;
    lifespan.is_shutdown_received = true;
    return event("lifespan.shutdown");
}

static PyObject *receive(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names)
{
    return pel_asgi_waiting((struct pel_asgi_channel *)self);
}

static const struct pel_asgi_channel_ops receive_ops = {"receive", receive, receive_poll, NULL};

/* --- send() --- */

/* The text is often a traceback (Starlette): that goes to the log, its last line to the error. */
static void note_failure(PyObject *message)
{
    PyObject *text = PyDict_GetItemWithError(message, pel_interned.message);
    PyObject *bytes = text && PyUnicode_Check(text)
                          ? PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace")
                          : NULL;
    struct pel_str all = {"", 0};
    const char *newline;

    PyErr_Clear();
    if (bytes)
        all = pel_str(PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes));
    while (all.len && all.p[all.len - 1] == '\n')
        all.len--;
    newline = all.len ? memrchr(all.p, '\n', all.len) : NULL;
    if (newline) {
        pel_log_block(PEL_LOG_LIFESPAN_FAILED, "the app's lifespan has failed", all);
        all.len -= (size_t)(newline + 1 - all.p);
        all.p = newline + 1;
    }
    snprintf(lifespan.failure, sizeof(lifespan.failure), "%.*s", (int)all.len, all.p);
    if (!all.len)
        snprintf(lifespan.failure, sizeof(lifespan.failure), "no reason given");
    Py_XDECREF(bytes);
}

/* What each message does, and when it is in order. */
static const struct {
    const char *type;
    enum stage from, to;
    bool is_failure;
} steps[] = {
    {"lifespan.startup.complete", STAGE_STARTING, STAGE_STARTED, false},
    {"lifespan.startup.failed", STAGE_STARTING, STAGE_FAILED, true},
    {"lifespan.shutdown.complete", STAGE_STOPPING, STAGE_OFF, false},
    {"lifespan.shutdown.failed", STAGE_STOPPING, STAGE_OFF, true},
};

static PyObject *take_message(PyObject *message)
{
    PyObject *type = NULL;

    if (PyDict_Check(message))
        type = PyDict_GetItemWithError(message, pel_interned.type);
    if (PyErr_Occurred())
        return NULL;
    if (!type || !PyUnicode_Check(type)) {
        PyErr_SetString(PyExc_TypeError, "send() takes a dict with a \"type\"");
        return NULL;
    }
    for (size_t i = 0; i < PEL_ARRAY_LEN(steps); i++) {
        if (PyUnicode_CompareWithASCIIString(type, steps[i].type) != 0)
            continue;
        if (lifespan.stage != steps[i].from) {
            PyErr_Format(PyExc_RuntimeError, "%U was sent out of order", type);
            return NULL;
        }
        if (steps[i].is_failure)
            note_failure(message);
        go_on(steps[i].to);
        return pel_done_none();
    }
    PyErr_Format(PyExc_ValueError, "send() does not know messages of type %R in a lifespan", type);
    return NULL;
}

/* The app's call is over: this is a task that it has left behind. */
static PyObject *refuse_message(void)
{
    PyErr_SetString(PyExc_RuntimeError, "a message was sent after the end of the lifespan");
    return NULL;
}

static PyObject *send(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names)
{
    PyObject *result;

    if (PyVectorcall_NARGS(nargsf) != 1 || names) {
        PyErr_SetString(PyExc_TypeError, "send() takes one argument, the message");
        return NULL;
    }
    if (((struct pel_asgi_channel *)self)->owner)
        result = take_message(args[0]);
    else
        result = refuse_message();
    return result ? result : pel_asgi_failed();
}

static const struct pel_asgi_channel_ops send_ops = {"send", send, NULL, NULL};

/* --- the call --- */

static void entered(struct pel_asgi_call *call)
{
}

static void left(struct pel_asgi_call *call)
{
}

/* "Type: message" of an exception. */
static void describe(PyObject *exc)
{
    PyObject *text = PyObject_Str(exc);
    PyObject *bytes = text ? PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace") : NULL;

    PyErr_Clear();
    snprintf(lifespan.failure, sizeof(lifespan.failure), "%s: %s", Py_TYPE(exc)->tp_name,
             bytes ? PyBytes_AS_STRING(bytes) : "?");
    Py_XDECREF(bytes);
    Py_XDECREF(text);
}

/* An app without a lifespan says so by raising; one that has said startup.failed may raise too, as
 * Starlette does. What is raised later is a fault to be seen. */
static void ended(struct pel_asgi_call *call, PyObject *exc)
{
    bool was_starting = lifespan.stage == STAGE_STARTING;
    bool is_expected = was_starting ? pel_asgi.env.conf->server_lifespan != PEL_LIFESPAN_ON
                                    : lifespan.stage == STAGE_FAILED;

    lifespan.has_raised = exc != NULL;
    if (exc && was_starting)
        describe(exc);
    if (exc && !is_expected && !PyErr_GivenExceptionMatches(exc, pel_asgi_loop.cancelled_error)) {
        pel_py_give_exception(Py_NewRef(exc));
        pel_gateway_log_exception(PEL_LOG_LIFESPAN_FAILED, "the app's lifespan has failed");
    }
    call->receive->owner = call->send->owner = NULL;
    Py_CLEAR(lifespan.call);
    go_on(lifespan.stage == STAGE_FAILED ? STAGE_FAILED : STAGE_OFF);
}

static const struct pel_asgi_call_ops call_ops = {entered, left, ended};

static struct pel_asgi_scope scope_new(void)
{
    PyObject *dict = Py_BuildValue("{O:O,O:{s:s,s:s},O:O}", pel_interned.type,
                                   pel_interned.lifespan, pel_interned.asgi, "version", "3.0",
                                   "spec_version", "2.0", pel_interned.state, pel_asgi.state);

    return (struct pel_asgi_scope){dict, NULL};
}

static int start_call(void)
{
    struct pel_asgi_call *call = pel_asgi_call_new(&call_ops, &lifespan, scope_new(),
                                                   pel_asgi_channel_new(&receive_ops, &lifespan),
                                                   pel_asgi_channel_new(&send_ops, &lifespan));

    if (!call)
        return -1;
    lifespan.call = (struct pel_asgi_call *)Py_NewRef(call);
    lifespan.stage = STAGE_STARTING;
    if (pel_asgi_task_start(call, 0) < 0) {
        Py_CLEAR(lifespan.call);
        Py_DECREF(call);
        return -1;
    }
    Py_DECREF(call);
    return 0;
}

/* Runs the loop until the app has gone on to another stage. 1 when it has, 0 when the time is up,
 * -1 with an exception. */
static int wait_for_progress(int64_t timeout_ms)
{
    PyObject *futures;
    int rc;

    lifespan.progress = PyObject_CallNoArgs(pel_asgi_loop.create_future);
    futures = lifespan.progress ? Py_BuildValue("[O]", lifespan.progress) : NULL;
    rc = futures ? pel_asgi_loop_wait(futures, timeout_ms) : -1;
    Py_XDECREF(futures);
    Py_CLEAR(lifespan.progress);
    return rc;
}

/* --- start and stop --- */

/* The exception that broke the loop, as err. Returns -1. */
static int broken(struct pel_err *err)
{
    PyObject *exc = pel_py_take_exception();

    if (exc)
        describe(exc);
    Py_XDECREF(exc);
    return pel_err_set(err, "the app's lifespan start-up: %s", lifespan.failure);
}

/* The app's call has ended before startup.complete. */
static int unsupported(struct pel_err *err)
{
    if (pel_asgi.env.conf->server_lifespan == PEL_LIFESPAN_ON)
        return pel_err_set(err, "the app's lifespan start-up failed: %s (server.lifespan is on)",
                           lifespan.has_raised ? lifespan.failure
                                               : "it returned without lifespan.startup.complete");
    if (lifespan.has_raised && lifespan.is_startup_received)
        pel_log(PEL_LOG_LIFESPAN_IGNORED,
                "the app's lifespan start-up raised %s; the server goes on without it "
                "(server.lifespan is auto)",
                lifespan.failure);
    return 0;
}

int pel_asgi_lifespan_start(struct pel_err *err)
{
    const struct pel_conf *conf = pel_asgi.env.conf;
    int rc;

    memset(&lifespan, 0, sizeof(lifespan));
    if (conf->server_lifespan == PEL_LIFESPAN_OFF)
        return 0;
    rc = start_call();
    if (rc == 0)
        rc = wait_for_progress(conf->server_startup_timeout_ms);
    if (rc < 0)
        return broken(err);
    switch (lifespan.stage) {
    case STAGE_STARTED:
        return 0;
    case STAGE_FAILED:
        return pel_err_set(err, "the app's lifespan start-up failed: %s", lifespan.failure);
    case STAGE_OFF:
        return lifespan.has_started ? 0 : unsupported(err);
    default:
        return pel_err_set(err,
                           "the app's lifespan start-up is not complete after "
                           "server.startup_timeout (%lld ms)",
                           (long long)conf->server_startup_timeout_ms);
    }
}

static void stop_app(int64_t timeout_ms)
{
    int rc;

    lifespan.failure[0] = '\0';
    lifespan.stage = STAGE_STOPPING;
    pel_asgi_channel_wake(lifespan.call->receive);
    rc = wait_for_progress(timeout_ms);
    if (rc < 0)
        pel_gateway_log_exception(PEL_LOG_LIFESPAN_SHUTDOWN_FAILED, "the app's lifespan shutdown");
    else if (rc == 0)
        pel_log(PEL_LOG_LIFESPAN_SLOW, "the app's lifespan shutdown was not complete after %lld ms",
                (long long)timeout_ms);
    else if (lifespan.failure[0])
        pel_log(PEL_LOG_LIFESPAN_SHUTDOWN_FAILED, "the app's lifespan shutdown failed: %s",
                lifespan.failure);
}

void pel_asgi_lifespan_stop(int64_t timeout_ms)
{
    if (lifespan.call && lifespan.stage == STAGE_STARTED)
        stop_app(timeout_ms);
    if (lifespan.call)
        pel_asgi_call_abandon(lifespan.call);
}
