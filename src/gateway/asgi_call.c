#include "gateway/asgi_call.h"

#include "gateway/asgi.h"
#include "gateway/freelist.h"
#include "gateway/asgi_loop.h"
#include "gateway/done.h"
#include "gateway/strings.h"

static struct pel_freelist calls;

static int call_traverse(PyObject *self, visitproc visit, void *arg)
{
    struct pel_asgi_call *call = (struct pel_asgi_call *)self;

    Py_VISIT(call->scope.dict);
    Py_VISIT(call->receive);
    Py_VISIT(call->send);
    Py_VISIT(call->framework_own);
    Py_VISIT(call->awaiting);
    Py_VISIT(call->task);
    return 0;
}

static void clear(struct pel_asgi_call *call, bool may_rest)
{
    Py_CLEAR(call->framework_own);
    Py_CLEAR(call->awaiting);
    pel_asgi_scope_drop(&call->scope, may_rest);
    Py_CLEAR(call->receive);
    Py_CLEAR(call->send);
    Py_CLEAR(call->task);
    pel_asgi_after_free(call->after);
    call->after = NULL;
}

static int call_clear(PyObject *self)
{
    clear((struct pel_asgi_call *)self, false);
    return 0;
}

static void call_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    call_clear(self);
    pel_freelist_free(&calls, self);
}

/* A generator that types.coroutine has made awaitable. */
static bool is_generator_coroutine(PyObject *op)
{
    PyObject *code = PyGen_CheckExact(op) ? pel_py_attr(op, pel_interned.gi_code) : NULL;
    bool result =
        code && PyCode_Check(code) && ((PyCodeObject *)code)->co_flags & CO_ITERABLE_COROUTINE;

    Py_XDECREF(code);
    return result;
}

/* The iterator behind what the app returned; steals it. */
static PyObject *iterator_of(PyObject *awaitable)
{
    PyAsyncMethods *async = Py_TYPE(awaitable)->tp_as_async;
    PyObject *iterator;

    if (PyCoro_CheckExact(awaitable) || is_generator_coroutine(awaitable))
        return awaitable;
    if (!async || !async->am_await) {
        PyErr_Format(PyExc_TypeError, "the app returned %.100s, which cannot be awaited: %s",
                     Py_TYPE(awaitable)->tp_name,
                     "an ASGI 3 app is `async def app(scope, receive, send)`");
        Py_DECREF(awaitable);
        return NULL;
    }
    iterator = async->am_await(awaitable);
    Py_DECREF(awaitable);
    if (iterator && !PyIter_Check(iterator)) {
        PyErr_Format(PyExc_TypeError, "__await__() returned a non-iterator of type %.100s",
                     Py_TYPE(iterator)->tp_name);
        Py_CLEAR(iterator);
    }
    return iterator;
}

static int call_app(struct pel_asgi_call *call)
{
    PyObject *args[] = {NULL, call->scope.dict, (PyObject *)call->receive, (PyObject *)call->send};
    PyObject *awaitable =
        PyObject_Vectorcall(pel_asgi.app, args + 1, 3 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);

    call->awaiting = awaitable ? iterator_of(awaitable) : NULL;
    return call->awaiting ? 0 : -1;
}

/* The app has ended; what it raised, if it did, is set. Leaves that set when it is for the task. */
static PySendResult end(struct pel_asgi_call *call, PySendResult how, PyObject **result)
{
    PyObject *exc = how == PYGEN_ERROR ? pel_py_take_exception() : NULL;

    call->is_over = true;
    Py_CLEAR(call->awaiting);
    call->ops->ended(call, exc);
    call->is_stepping = false;
    clear(call, true);
    if (exc && PyErr_GivenExceptionMatches(exc, pel_asgi_loop.cancelled_error)) {
        pel_py_give_exception(exc);
        return PYGEN_ERROR;
    }
    Py_XDECREF(exc);
    if (how == PYGEN_RETURN)
        Py_DECREF(*result);
    *result = Py_NewRef(Py_None);
    return PYGEN_RETURN;
}

static void enter(struct pel_asgi_call *call)
{
    call->is_stepping = true;
    call->ops->enter(call);
}

static PySendResult leave(struct pel_asgi_call *call, PySendResult how, PyObject **result)
{
    if (how != PYGEN_NEXT)
        return end(call, how, result);
    call->is_stepping = false;
    call->ops->leave(call);
    return how;
}

/* A task that goes on with a call which is over (abandoned) has nothing left to do. */
static PySendResult refuse(struct pel_asgi_call *call, PyObject **result)
{
    if (call->is_over) {
        *result = Py_NewRef(Py_None);
        return PYGEN_RETURN;
    }
    PyErr_SetString(PyExc_RuntimeError, "this call of the app is running already");
    return PYGEN_ERROR;
}

/* The task's step. */
static PySendResult call_send(PyObject *self, PyObject *value, PyObject **result)
{
    struct pel_asgi_call *call = (struct pel_asgi_call *)self;
    PySendResult how = PYGEN_ERROR;

    *result = NULL;
    if (call->is_over || call->is_stepping)
        return refuse(call, result);
    enter(call);
    if (call->awaiting || call_app(call) == 0)
        how = PyIter_Send(call->awaiting, value, result);
    return leave(call, how, result);
}

/* The app's own throw(); an iterator without one, or an app not yet called, simply fails. */
static PySendResult throw_in(struct pel_asgi_call *call, PyObject *args, PyObject **result)
{
    PyObject *method = call->awaiting ? pel_py_attr(call->awaiting, pel_interned.throw) : NULL;

    if (!method) {
        pel_done_set_thrown(args);
        return PYGEN_ERROR;
    }
    *result = PyObject_CallObject(method, args);
    Py_DECREF(method);
    if (*result)
        return PYGEN_NEXT;
    if (!PyErr_ExceptionMatches(PyExc_StopIteration))
        return PYGEN_ERROR;
    PyErr_Clear();
    *result = Py_NewRef(Py_None); /* what an app returns has no meaning */
    return PYGEN_RETURN;
}

static PyObject *as_method_result(PySendResult how, PyObject *result)
{
    if (how == PYGEN_NEXT)
        return result;
    return how == PYGEN_RETURN ? pel_done_stop(result) : NULL;
}

static PyObject *send_method(PyObject *self, PyObject *value)
{
    PyObject *result;
    PySendResult how = call_send(self, value, &result);

    return as_method_result(how, result);
}

static PyObject *throw_method(PyObject *self, PyObject *args)
{
    struct pel_asgi_call *call = (struct pel_asgi_call *)self;
    PyObject *result = NULL;
    PySendResult how;

    if (call->is_over || call->is_stepping) {
        how = refuse(call, &result);
    } else {
        enter(call);
        how = throw_in(call, args, &result);
        how = leave(call, how, &result);
    }
    return as_method_result(how, result);
}

static PyObject *close_method(PyObject *self, PyObject *unused)
{
    struct pel_asgi_call *call = (struct pel_asgi_call *)self;
    PyObject *args, *result;

    if (call->is_over)
        Py_RETURN_NONE;
    args = PyTuple_Pack(1, PyExc_GeneratorExit);
    if (!args)
        return NULL;
    result = throw_method(self, args);
    Py_DECREF(args);
    if (result) {
        Py_DECREF(result);
        PyErr_SetString(PyExc_RuntimeError, "the app ignored GeneratorExit");
        return NULL;
    }
    if (!PyErr_ExceptionMatches(PyExc_StopIteration))
        return NULL;
    PyErr_Clear();
    Py_RETURN_NONE;
}

static PyObject *call_await(PyObject *self)
{
    return Py_NewRef(self);
}

static PyObject *call_next(PyObject *self)
{
    return send_method(self, Py_None);
}

/* Debuggers and Task.print_stack look through the call at the app's own coroutine. */
static PyObject *get_inner(PyObject *self, void *name)
{
    PyObject *awaiting = ((struct pel_asgi_call *)self)->awaiting;
    PyObject *value = NULL;

    if (awaiting) {
        value = PyObject_GetAttrString(awaiting, name);
        if (!value)
            PyErr_Clear();
    }
    return value ? value : Py_NewRef(Py_None);
}

static PyObject *get_name(PyObject *self, void *name)
{
    PyObject *value = get_inner(self, name);

    if (PyUnicode_Check(value))
        return value;
    Py_DECREF(value);
    return PyUnicode_FromString("app");
}

static PyGetSetDef call_getset[] = {
    {"cr_frame", get_inner, NULL, NULL, "cr_frame"},
    {"cr_code", get_inner, NULL, NULL, "cr_code"},
    {"cr_running", get_inner, NULL, NULL, "cr_running"},
    {"cr_await", get_inner, NULL, NULL, "cr_await"},
    {"__name__", get_name, NULL, NULL, "__name__"},
    {"__qualname__", get_name, NULL, NULL, "__qualname__"},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef call_methods[] = {
    {"send", send_method, METH_O, NULL},
    {"throw", throw_method, METH_VARARGS, NULL},
    {"close", close_method, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyAsyncMethods call_async = {.am_await = call_await, .am_send = call_send};

static PyTypeObject call_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "pellucid.Call",
    .tp_doc = "The coroutine of one call of the ASGI app.",
    .tp_basicsize = sizeof(struct pel_asgi_call),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_as_async = &call_async,
    .tp_iter = call_await,
    .tp_iternext = call_next,
    .tp_methods = call_methods,
    .tp_getset = call_getset,
    .tp_traverse = call_traverse,
    .tp_clear = call_clear,
    .tp_dealloc = call_dealloc,
};

int pel_asgi_call_init(void)
{
    return PyType_Ready(&call_type);
}

void pel_asgi_call_fini(void)
{
    pel_freelist_drop(&calls);
}

struct pel_asgi_call *pel_asgi_call_new(const struct pel_asgi_call_ops *ops, void *owner,
                                        struct pel_asgi_scope scope,
                                        struct pel_asgi_channel *receive,
                                        struct pel_asgi_channel *send)
{
    struct pel_asgi_call *call = NULL;

    if (scope.dict && receive && send)
        call = (struct pel_asgi_call *)pel_freelist_new(&calls, &call_type);
    if (!call) {
        pel_asgi_scope_drop(&scope, false);
        Py_XDECREF(receive);
        Py_XDECREF(send);
        return NULL;
    }
    call->ops = ops;
    call->owner = owner;
    call->scope = scope;
    call->receive = receive;
    call->send = send;
    call->framework_own = call->awaiting = call->task = NULL;
    call->after = NULL;
    call->is_stepping = call->is_over = false;
    pel_list_init(&call->link);
    return call;
}

void pel_asgi_call_cancel(struct pel_asgi_call *call)
{
    PyObject *done;

    if (call->is_over || !call->task)
        return;
    done = PyObject_CallMethodNoArgs(call->task, pel_interned.cancel);
    if (!done)
        PyErr_WriteUnraisable(call->task);
    Py_XDECREF(done);
}

void pel_asgi_call_abandon(struct pel_asgi_call *call)
{
    Py_INCREF(call);
    call->is_over = true;
    Py_CLEAR(call->awaiting);
    call->ops->ended(call, NULL);
    call_clear((PyObject *)call);
    Py_DECREF(call);
}
