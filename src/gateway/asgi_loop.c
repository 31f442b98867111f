#include "gateway/asgi_loop.h"

#include "gateway/strings.h"

struct pel_asgi_loop pel_asgi_loop;

static PyObject *from_module(const char *module, const char *name)
{
    PyObject *m = PyImport_ImportModule(module);
    PyObject *value = m ? PyObject_GetAttrString(m, name) : NULL;

    Py_XDECREF(m);
    return value;
}

/*
 * Each Task and Future asks its loop for get_debug(), which asyncio has written in Python and which
 * only gives an attribute. The loop is our own: it has a function of ours for that.
 */
static PyObject *get_debug(PyObject *self, PyObject *unused)
{
    PyObject *value = PyDict_GetItemWithError(pel_asgi_loop.dict, pel_interned.debug);

    if (!value && !PyErr_Occurred())
        PyErr_SetObject(PyExc_AttributeError, pel_interned.debug);
    return Py_XNewRef(value);
}

static PyMethodDef get_debug_def = {"get_debug", get_debug, METH_NOARGS, NULL};

/* Loops that keep what they are asked for elsewhere stay as they are. 0, or -1 with an exception.
 */
static int set_get_debug(PyObject *dict)
{
    int has_debug = PyDict_Contains(dict, pel_interned.debug);
    PyObject *function;
    int rc;

    if (has_debug <= 0)
        return has_debug;
    function = PyCFunction_New(&get_debug_def, NULL);
    rc = function ? PyDict_SetItem(dict, pel_interned.get_debug, function) : -1;
    Py_XDECREF(function);
    return rc;
}

static void drop_get_debug(PyObject *dict)
{
    if (PyDict_DelItem(dict, pel_interned.get_debug) < 0)
        PyErr_Clear(); /* it was not there */
}

int pel_asgi_loop_open(PyObject *loop)
{
    struct pel_asgi_loop *l = &pel_asgi_loop;

    l->loop = Py_NewRef(loop);
    l->task_type = from_module("asyncio", "Task");
    l->cancelled_error = from_module("asyncio", "CancelledError");
    l->create_future = PyObject_GetAttrString(loop, "create_future");
    l->call_later = PyObject_GetAttrString(loop, "call_later");
    l->call_soon = PyObject_GetAttrString(loop, "call_soon");
    if (!l->task_type || !l->cancelled_error || !l->create_future || !l->call_later ||
        !l->call_soon)
        return -1;
    l->dict = pel_py_attr(loop, pel_interned.dict);
    if (l->dict && !PyDict_CheckExact(l->dict))
        Py_CLEAR(l->dict);
    return l->dict ? set_get_debug(l->dict) : 0;
}

void pel_asgi_loop_close(void)
{
    if (pel_asgi_loop.dict)
        drop_get_debug(pel_asgi_loop.dict);
    Py_CLEAR(pel_asgi_loop.loop);
    Py_CLEAR(pel_asgi_loop.task_type);
    Py_CLEAR(pel_asgi_loop.cancelled_error);
    Py_CLEAR(pel_asgi_loop.create_future);
    Py_CLEAR(pel_asgi_loop.call_later);
    Py_CLEAR(pel_asgi_loop.call_soon);
    Py_CLEAR(pel_asgi_loop.dict);
}

int pel_asgi_loop_has_factory(void)
{
    PyObject *factory;
    int result;

    /* asyncio's own loops keep it here; the method is Python and costs more. */
    if (pel_asgi_loop.dict) {
        factory = PyDict_GetItemWithError(pel_asgi_loop.dict, pel_interned.task_factory);
        if (factory)
            return factory != Py_None;
        if (PyErr_Occurred())
            return -1;
    }
    factory = PyObject_CallMethodNoArgs(pel_asgi_loop.loop, pel_interned.get_task_factory);
    if (!factory)
        return -1;
    result = factory != Py_None;
    Py_DECREF(factory);
    return result;
}

PyObject *pel_asgi_loop_later(double delay_s, PyMethodDef *method, PyObject *self)
{
    PyObject *callback = PyCFunction_New(method, self);
    PyObject *handle;

    if (!callback)
        return NULL;
    handle = PyObject_CallFunction(pel_asgi_loop.call_later, "dO", delay_s, callback);
    Py_DECREF(callback);
    return handle;
}

void pel_asgi_loop_cancel(PyObject **handle)
{
    PyObject *done;

    if (!*handle)
        return;
    done = PyObject_CallMethodNoArgs(*handle, pel_interned.cancel);
    if (!done)
        PyErr_WriteUnraisable(*handle);
    Py_XDECREF(done);
    Py_CLEAR(*handle);
}

void pel_asgi_loop_complete(PyObject *future)
{
    PyObject *done = PyObject_CallMethodNoArgs(future, pel_interned.done);
    PyObject *result = NULL;

    if (done == Py_False)
        result = PyObject_CallMethodOneArg(future, pel_interned.set_result, Py_None);
    if (PyErr_Occurred())
        PyErr_WriteUnraisable(future);
    Py_XDECREF(result);
    Py_XDECREF(done);
}

int pel_asgi_loop_wait(PyObject *futures, int64_t timeout_ms)
{
    PyObject *wait = from_module("asyncio", "wait");
    PyObject *args = PyTuple_Pack(1, futures);
    PyObject *kwargs = Py_BuildValue("{s:d}", "timeout", (double)timeout_ms / 1e3);
    PyObject *coro = wait && args && kwargs ? PyObject_Call(wait, args, kwargs) : NULL;
    PyObject *sets =
        coro ? PyObject_CallMethod(pel_asgi_loop.loop, "run_until_complete", "O", coro) : NULL;
    int result = sets ? PySet_Size(PyTuple_GetItem(sets, 1)) == 0 : -1;

    Py_XDECREF(sets);
    Py_XDECREF(coro);
    Py_XDECREF(kwargs);
    Py_XDECREF(args);
    Py_XDECREF(wait);
    return result;
}
