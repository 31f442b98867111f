#include "outer.h"

#include "pellucid/conf.h"
#include "pellucid/log.h"

/* Time that cancelled tasks have to clean up. */
#define CANCEL_WAIT_S 5.0

int pel_outer_err(struct pel_err *err, const char *what)
{
    PyObject *exc = pel_py_take_exception();
    PyObject *message = exc ? PyObject_Str(exc) : NULL;
    const char *text = message ? PyUnicode_AsUTF8(message) : NULL;

    pel_err_set(err, "%s: %s: %s", what, exc ? Py_TYPE(exc)->tp_name : "error", text ? text : "?");
    PyErr_Clear();
    Py_XDECREF(message);
    Py_XDECREF(exc);
    return -1;
}

static void log_exception(const char *what)
{
    struct pel_err err;

    pel_outer_err(&err, what);
    pel_log(PEL_LOG_LOOP_NOT_CLOSED, "%s", err.text);
}

/* module.name(), or NULL with an exception. */
static PyObject *call_in_module(const char *module, const char *name)
{
    PyObject *m = PyImport_ImportModule(module);
    PyObject *result = m ? PyObject_CallMethod(m, name, NULL) : NULL;

    Py_XDECREF(m);
    return result;
}

static PyObject *loop_new(const struct pel_conf *conf, struct pel_err *err)
{
    PyObject *loop;

    if (conf->server_loop != PEL_LOOP_ASYNCIO) {
        loop = call_in_module("uvloop", "new_event_loop");
        if (loop)
            return loop;
        if (conf->server_loop == PEL_LOOP_UVLOOP || !PyErr_ExceptionMatches(PyExc_ImportError)) {
            pel_outer_err(err, "server.loop: cannot make a uvloop event loop (install uvloop, "
                               "or set loop = \"asyncio\")");
            return NULL;
        }
        PyErr_Clear();
    }
    loop = conf->server_loop == PEL_LOOP_ASYNCIO ? call_in_module("asyncio", "SelectorEventLoop")
                                                 : call_in_module("asyncio", "new_event_loop");
    if (!loop)
        pel_outer_err(err, "server.loop: cannot make an asyncio event loop");
    return loop;
}

static int set_current(PyObject *loop)
{
    PyObject *events = PyImport_ImportModule("asyncio");
    PyObject *done = events ? PyObject_CallMethod(events, "set_event_loop", "O", loop) : NULL;

    Py_XDECREF(done);
    Py_XDECREF(events);
    return done ? 0 : -1;
}

PyObject *pel_outer_open(const struct pel_conf *conf, struct pel_err *err)
{
    PyObject *loop = loop_new(conf, err);

    if (loop && set_current(loop) != 0) {
        pel_outer_err(err, "server.loop: asyncio.set_event_loop");
        Py_CLEAR(loop);
    }
    return loop;
}

/* Runs a coroutine (stolen; NULL when making it failed) to its end. New reference or NULL. */
static PyObject *run_until_complete(PyObject *loop, PyObject *coro, const char *what)
{
    PyObject *result = coro ? PyObject_CallMethod(loop, "run_until_complete", "O", coro) : NULL;

    Py_XDECREF(coro);
    if (!result)
        log_exception(what);
    return result;
}

/* Tells the loop's exception handler of a task that has failed while it was being cancelled. */
static int report_task(PyObject *loop, PyObject *task)
{
    PyObject *cancelled = PyObject_CallMethod(task, "cancelled", NULL);
    PyObject *exc, *context, *done;

    if (!cancelled || cancelled == Py_True) {
        Py_XDECREF(cancelled);
        return cancelled ? 0 : -1;
    }
    Py_DECREF(cancelled);
    exc = PyObject_CallMethod(task, "exception", NULL);
    if (!exc || exc == Py_None) {
        Py_XDECREF(exc);
        return exc ? 0 : -1;
    }
    context = Py_BuildValue("{s:s,s:N,s:O}", "message", "unhandled exception while stopping",
                            "exception", exc, "task", task);
    done = context ? PyObject_CallMethod(loop, "call_exception_handler", "O", context) : NULL;
    Py_XDECREF(context);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

/* set: of tasks. */
static int cancel_each(PyObject *set)
{
    PyObject *iter = PyObject_GetIter(set);
    PyObject *task, *done;

    while (iter && (task = PyIter_Next(iter))) {
        done = PyObject_CallMethod(task, "cancel", NULL);
        Py_DECREF(task);
        Py_XDECREF(done);
        if (!done)
            break;
    }
    Py_XDECREF(iter);
    return PyErr_Occurred() ? -1 : 0;
}

static int report_each(PyObject *loop, PyObject *set)
{
    PyObject *iter = PyObject_GetIter(set);
    PyObject *task;
    int rc = iter ? 0 : -1;

    while (rc == 0 && (task = PyIter_Next(iter))) {
        rc = report_task(loop, task);
        Py_DECREF(task);
    }
    Py_XDECREF(iter);
    return PyErr_Occurred() ? -1 : rc;
}

/* Waits for tasks, a set, and reports on them: (done, pending) of asyncio.wait. */
static int wait_for(PyObject *loop, PyObject *asyncio, PyObject *tasks)
{
    PyObject *wait = PyObject_GetAttrString(asyncio, "wait");
    PyObject *args = PyTuple_Pack(1, tasks);
    PyObject *kwargs = Py_BuildValue("{s:d}", "timeout", CANCEL_WAIT_S);
    PyObject *coro = wait && args && kwargs ? PyObject_Call(wait, args, kwargs) : NULL;
    PyObject *sets = run_until_complete(loop, coro, "waiting for cancelled tasks");
    Py_ssize_t n_left = sets ? PySet_Size(PyTuple_GetItem(sets, 1)) : 0;
    int rc = sets ? report_each(loop, PyTuple_GetItem(sets, 0)) : 0;

    if (n_left > 0)
        pel_log(PEL_LOG_APP_TASKS_LEFT,
                "%zd tasks of the app did not end within %.0f s of being cancelled", n_left,
                CANCEL_WAIT_S);
    Py_XDECREF(sets);
    Py_XDECREF(kwargs);
    Py_XDECREF(args);
    Py_XDECREF(wait);
    return rc;
}

void pel_outer_cancel_tasks(PyObject *loop)
{
    PyObject *asyncio = PyImport_ImportModule("asyncio");
    PyObject *tasks = asyncio ? PyObject_CallMethod(asyncio, "all_tasks", "O", loop) : NULL;
    int rc = tasks ? 0 : -1;

    if (tasks && PySet_Size(tasks) > 0) {
        rc = cancel_each(tasks);
        if (rc == 0)
            rc = wait_for(loop, asyncio, tasks);
    }
    if (rc != 0)
        log_exception("cancelling the app's tasks");
    Py_XDECREF(tasks);
    Py_XDECREF(asyncio);
}

void pel_outer_close(PyObject *loop)
{
    PyObject *done;

    Py_XDECREF(run_until_complete(loop, PyObject_CallMethod(loop, "shutdown_asyncgens", NULL),
                                  "closing async generators"));
    Py_XDECREF(run_until_complete(loop,
                                  PyObject_CallMethod(loop, "shutdown_default_executor", NULL),
                                  "stopping the default executor"));
    if (set_current(Py_None) != 0)
        log_exception("asyncio.set_event_loop");
    done = PyObject_CallMethod(loop, "close", NULL);
    if (!done)
        log_exception("closing the event loop");
    Py_XDECREF(done);
    Py_DECREF(loop);
}
