#include "gateway/forked.h"

#include <pthread.h>
#include <unistd.h>

#include "gateway/api.h"
#include "gateway/asgi.h"
#include "gateway/asgi_exchange.h"
#include "gateway/asgi_loop.h"
#include "pellucid/log.h"

bool pel_gateway_is_forked;

/* --- the end --- */

static void flush(const char *name)
{
    PyObject *file = PySys_GetObject(name);
    PyObject *done = file ? PyObject_CallMethod(file, "flush", NULL) : NULL;

    if (!done)
        PyErr_Clear(); /* None, or closed */
    Py_XDECREF(done);
}

/* No exception is set. */
PEL_NORETURN static void end(int status)
{
    flush("stdout");
    flush("stderr");
    _exit(status);
}

void pel_gateway_end_forked(void)
{
    PyErr_Clear();
    pel_log(PEL_LOG_APP_CHILD_ENDED,
            "a process that the app has forked came back to the server, and is ended");
    end(0);
}

/* As sys.exit() has it: an int, None, or what is to be written. */
static int status_of(PyObject *exit)
{
    PyObject *code = PyObject_GetAttrString(exit, "code");
    int status = 1;

    if (code == Py_None)
        status = 0;
    else if (code && PyLong_Check(code))
        status = (int)PyLong_AsLong(code);
    else if (code)
        PySys_FormatStderr("%S\n", code);
    PyErr_Clear();
    Py_XDECREF(code);
    return status;
}

void pel_forked_raised(PyObject *exc)
{
    if (PyErr_GivenExceptionMatches(exc, PyExc_SystemExit))
        end(status_of(exc));
    pel_py_give_exception(exc);
    pel_gateway_log_exception(PEL_LOG_APP_CHILD_ENDED,
                              "a process that the app has forked raised, and is ended");
    end(1);
}

/* --- in the place of the transport --- */

static int64_t read_body(struct pel_request *rq, char *buf, size_t max)
{
    pel_gateway_end_forked();
}

static size_t readable(const struct pel_request *rq, bool *at_end)
{
    pel_gateway_end_forked();
}

static int send_head(struct pel_request *rq, uint16_t status, struct pel_str reason,
                     const struct pel_field *fields, size_t n_fields, int64_t body_len,
                     struct pel_err *err)
{
    pel_gateway_end_forked();
}

static int flush_head(struct pel_request *rq)
{
    pel_gateway_end_forked();
}

static int send_body(struct pel_request *rq, const struct pel_piece *pieces, size_t n, bool is_last)
{
    pel_gateway_end_forked();
}

static int send_file(struct pel_request *rq, int fd, uint64_t offset, uint64_t len, bool is_last)
{
    pel_gateway_end_forked();
}

static int send_interim(struct pel_request *rq, uint16_t status, const struct pel_field *fields,
                        size_t n_fields, struct pel_err *err)
{
    pel_gateway_end_forked();
}

static void finish(struct pel_request *rq, const struct pel_field *trailers, size_t n_trailers)
{
    pel_gateway_end_forked();
}

static void abort_request(struct pel_request *rq)
{
    pel_gateway_end_forked();
}

static bool is_writable(const struct pel_request *rq)
{
    pel_gateway_end_forked();
}

static const struct pel_request_ops request_ops = {
    .read = read_body,
    .readable = readable,
    .send_head = send_head,
    .flush = flush_head,
    .send_body = send_body,
    .send_file = send_file,
    .send_interim = send_interim,
    .finish = finish,
    .abort = abort_request,
    .is_writable = is_writable,
};

/* --- in the place of the exchange between a call and the transport --- */

static void step(struct pel_asgi_call *call)
{
    pel_gateway_end_forked();
}

static void ended(struct pel_asgi_call *call, PyObject *exc)
{
    if (!exc)
        pel_gateway_end_forked();
    pel_forked_raised(Py_NewRef(exc));
}

static const struct pel_asgi_call_ops call_ops = {step, step, ended};

/* --- the hook --- */

/* The entry of the in-flight table is the worker's, too. */
static void cut_off(struct pel_request *rq)
{
    rq->ops = &request_ops;
    rq->rec.inflight = NULL;
}

static void cut_off_call(struct pel_asgi_call *call)
{
    struct pel_asgi_exchange *ex = call->owner;

    call->ops = &call_ops;
    if (ex)
        cut_off(ex->rq);
}

/* Tables and rings are those of the worker, which is their one writer. */
static void in_child(void)
{
    struct pel_list *node;

    pel_gateway_is_forked = true;
    pel_api.instruments = NULL;
    pel_api.probes = NULL;
    pel_gateway_count_errors(NULL);
    pel_log_set_watch(NULL, NULL);
    if (pel_api_running)
        cut_off(pel_api_running);
    /* Without the GIL (a library forks to execute something) the list may be in any state. */
    if (!pel_asgi.app || !PyGILState_Check())
        return;
    for (node = pel_asgi.calls.next; node != &pel_asgi.calls; node = node->next)
        cut_off_call(PEL_CONTAINER_OF(node, struct pel_asgi_call, link));
}

void pel_forked_watch(void)
{
    static bool is_watched;

    if (!is_watched)
        is_watched = pthread_atfork(NULL, NULL, in_child) == 0;
}

/* --- the event loop --- */

static PyObject *come_back(PyObject *self, PyObject *unused)
{
    pel_gateway_end_forked();
}

static PyMethodDef come_back_def = {"come_back", come_back, METH_NOARGS, NULL};

static pthread_t loop_thread;

/* Python has put itself in order by now. The loop is only in a child of its own thread. */
static PyObject *after_in_child(PyObject *self, PyObject *unused)
{
    PyObject *callback, *handle = NULL;

    if (!pel_asgi_loop.call_soon || !pthread_equal(pthread_self(), loop_thread))
        Py_RETURN_NONE;
    callback = PyCFunction_New(&come_back_def, NULL);
    if (callback)
        handle = PyObject_CallOneArg(pel_asgi_loop.call_soon, callback);
    Py_XDECREF(callback);
    if (!handle)
        return NULL;
    Py_DECREF(handle);
    Py_RETURN_NONE;
}

static PyMethodDef after_in_child_def = {"after_in_child", after_in_child, METH_NOARGS, NULL};

int pel_forked_watch_loop(void)
{
    static bool is_watched;
    PyObject *os, *method, *kwargs, *done = NULL;

    if (is_watched)
        return 0;
    os = PyImport_ImportModule("os");
    method = os ? PyObject_GetAttrString(os, "register_at_fork") : NULL;
    kwargs = Py_BuildValue("{s:N}", "after_in_child", PyCFunction_New(&after_in_child_def, NULL));
    if (method && kwargs)
        done = PyObject_VectorcallDict(method, NULL, 0, kwargs);
    loop_thread = pthread_self();
    is_watched = done != NULL;
    Py_XDECREF(done);
    Py_XDECREF(kwargs);
    Py_XDECREF(method);
    Py_XDECREF(os);
    return is_watched ? 0 : -1;
}
