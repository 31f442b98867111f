#include "gateway/asgi_channel.h"
#include "gateway/freelist.h"
#include "gateway/asgi_loop.h"
#include "gateway/done.h"
#include "gateway/strings.h"

/* What receive() returns, and a send() that has to wait or has failed. Its fields are empty once it
 * has given its result. */
struct awaitable {
    PyObject_HEAD struct pel_asgi_channel *channel; /* owned; NULL: it has failed, or is over */
    PyObject *future, *waiting; /* owned: what it waits for, and the iterator of that */
    PyObject *error;            /* owned: the exception to raise, or NULL */
};

static struct pel_freelist awaitables;

/* The gateway: what a task holds that has outlived it can only fail. */
static bool is_closed(void)
{
    return !pel_asgi_loop.create_future;
}

static PyObject *return_self(PyObject *self)
{
    return Py_NewRef(self);
}

static int awaitable_traverse(PyObject *self, visitproc visit, void *arg)
{
    struct awaitable *a = (struct awaitable *)self;

    Py_VISIT(a->channel);
    Py_VISIT(a->future);
    Py_VISIT(a->waiting);
    Py_VISIT(a->error);
    return 0;
}

static void stop_waiting(struct awaitable *a)
{
    if (a->channel && a->future)
        pel_asgi_channel_forget(a->channel, a->future);
    Py_CLEAR(a->waiting);
    Py_CLEAR(a->future);
}

static int awaitable_clear(PyObject *self)
{
    struct awaitable *a = (struct awaitable *)self;

    stop_waiting(a);
    Py_CLEAR(a->channel);
    Py_CLEAR(a->error);
    return 0;
}

static void awaitable_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    awaitable_clear(self);
    pel_freelist_free(&awaitables, self);
}

/* The future's answer: what the task is to wait for, or NULL when it waits no longer: with an
 * exception (cancelled) or without one. */
static PyObject *ask_future(struct awaitable *a)
{
    PyObject *yielded = Py_TYPE(a->waiting)->tp_iternext(a->waiting);

    if (yielded)
        return yielded;
    if (PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_StopIteration))
        PyErr_Clear();
    stop_waiting(a);
    return NULL;
}

static int start_waiting(struct awaitable *a)
{
    a->future = pel_asgi_channel_wait(a->channel);
    if (a->future)
        a->waiting = PyObject_CallMethodNoArgs(a->future, pel_interned.await);
    if (!a->waiting)
        return -1;
    if (!PyObject_GC_IsTracked((PyObject *)a))
        PyObject_GC_Track(a);
    return 0;
}

static PySendResult finish(struct awaitable *a, PySendResult how)
{
    awaitable_clear((PyObject *)a);
    return how;
}

static PySendResult raise_error(struct awaitable *a)
{
    PyObject *error = a->error;

    a->error = NULL;
    if (error)
        pel_py_give_exception(error);
    else
        PyErr_SetString(PyExc_RuntimeError, "cannot reuse an awaited receive() or send()");
    return PYGEN_ERROR;
}

static PySendResult awaitable_send(PyObject *self, PyObject *unused, PyObject **result)
{
    struct awaitable *a = (struct awaitable *)self;

    *result = NULL;
    if (!a->channel)
        return raise_error(a);
    if (PEL_UNLIKELY(is_closed())) {
        PyErr_SetString(PyExc_RuntimeError, "the server has stopped");
        return finish(a, PYGEN_ERROR);
    }
    for (;;) {
        if (a->waiting) {
            *result = ask_future(a);
            if (*result)
                return PYGEN_NEXT;
            if (PyErr_Occurred())
                return finish(a, PYGEN_ERROR);
        }
        *result = a->channel->ops->poll(a->channel);
        if (*result)
            return finish(a, PYGEN_RETURN);
        if (PyErr_Occurred() || start_waiting(a) < 0)
            return finish(a, PYGEN_ERROR);
    }
}

static PyObject *awaitable_next(PyObject *self)
{
    PyObject *result;

    switch (awaitable_send(self, Py_None, &result)) {
    case PYGEN_NEXT:
        return result;
    case PYGEN_RETURN:
        return pel_done_stop(result);
    default:
        return NULL;
    }
}

static PyObject *send_method(PyObject *self, PyObject *unused)
{
    return awaitable_next(self);
}

/* The future takes it when there is one, as it knows what its own task wants of it. */
static PyObject *awaitable_throw(PyObject *self, PyObject *args)
{
    struct awaitable *a = (struct awaitable *)self;
    PyObject *method, *yielded = NULL;

    if (!a->waiting || is_closed()) {
        pel_done_set_thrown(args);
        awaitable_clear(self);
        return NULL;
    }
    method = PyObject_GetAttr(a->waiting, pel_interned.throw);
    if (method)
        yielded = PyObject_CallObject(method, args);
    Py_XDECREF(method);
    if (!yielded)
        awaitable_clear(self);
    return yielded;
}

static PyObject *awaitable_close(PyObject *self, PyObject *unused)
{
    awaitable_clear(self);
    Py_RETURN_NONE;
}

static PyMethodDef awaitable_methods[] = {
    {"send", send_method, METH_O, NULL},
    {"throw", awaitable_throw, METH_VARARGS, NULL},
    {"close", awaitable_close, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyAsyncMethods awaitable_async = {.am_await = return_self, .am_send = awaitable_send};

static PyTypeObject awaitable_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "pellucid.Awaitable",
    .tp_doc = "What receive() and send() return.",
    .tp_basicsize = sizeof(struct awaitable),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_as_async = &awaitable_async,
    .tp_iter = return_self,
    .tp_iternext = awaitable_next,
    .tp_methods = awaitable_methods,
    .tp_traverse = awaitable_traverse,
    .tp_clear = awaitable_clear,
    .tp_dealloc = awaitable_dealloc,
};

static struct awaitable *awaitable_new(void)
{
    struct awaitable *a = (struct awaitable *)pel_freelist_new(&awaitables, &awaitable_type);

    if (!a)
        return NULL;
    a->channel = NULL;
    a->future = a->waiting = a->error = NULL;
    return a;
}

PyObject *pel_asgi_waiting(struct pel_asgi_channel *ch)
{
    struct awaitable *a = awaitable_new();

    if (a)
        a->channel = (struct pel_asgi_channel *)Py_NewRef(ch);
    return (PyObject *)a;
}

PyObject *pel_asgi_failed(void)
{
    PyObject *error = pel_py_take_exception();
    struct awaitable *a = awaitable_new();

    if (!a) {
        Py_XDECREF(error);
        return NULL;
    }
    a->error = error;
    return (PyObject *)a;
}

int pel_asgi_awaitable_init(void)
{
    if (pel_done_init() < 0)
        return -1;
    return PyType_Ready(&awaitable_type);
}

void pel_asgi_awaitable_fini(void)
{
    pel_freelist_drop(&awaitables);
}
