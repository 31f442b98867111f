#include "gateway/done.h"

struct done {
    PyObject_HEAD PyObject *value; /* owned */
};

/* Has no state, so that all may share it. Kept until the process ends. */
static PyObject *none;

void pel_done_set_thrown(PyObject *args)
{
    PyObject *type, *value = NULL, *traceback = NULL;

    if (!PyArg_UnpackTuple(args, "throw", 1, 3, &type, &value, &traceback))
        return;
    if (PyExceptionInstance_Check(type))
        PyErr_SetObject((PyObject *)Py_TYPE(type), type);
    else if (PyExceptionClass_Check(type))
        PyErr_SetObject(type, value == Py_None ? NULL : value);
    else
        PyErr_SetString(PyExc_TypeError, "throw() needs an exception");
}

static void done_dealloc(PyObject *self)
{
    Py_XDECREF(((struct done *)self)->value);
    PyObject_Free(self);
}

static PyObject *done_await(PyObject *self)
{
    return Py_NewRef(self);
}

static PySendResult done_send(PyObject *self, PyObject *unused, PyObject **result)
{
    *result = Py_NewRef(((struct done *)self)->value);
    return PYGEN_RETURN;
}

PyObject *pel_done_stop(PyObject *value)
{
    PyObject *stop = PyObject_CallOneArg(PyExc_StopIteration, value);

    if (stop)
        PyErr_SetObject(PyExc_StopIteration, stop);
    Py_XDECREF(stop);
    Py_DECREF(value);
    return NULL;
}

static PyObject *done_next(PyObject *self)
{
    return pel_done_stop(Py_NewRef(((struct done *)self)->value));
}

static PyObject *send_method(PyObject *self, PyObject *unused)
{
    return pel_done_stop(Py_NewRef(((struct done *)self)->value));
}

static PyObject *throw_method(PyObject *self, PyObject *args)
{
    pel_done_set_thrown(args);
    return NULL;
}

static PyObject *close_method(PyObject *self, PyObject *unused)
{
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"send", send_method, METH_O, NULL},
    {"throw", throw_method, METH_VARARGS, NULL},
    {"close", close_method, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyAsyncMethods async = {.am_await = done_await, .am_send = done_send};

static PyTypeObject type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "pellucid.Done",
    .tp_doc = "An awaitable that is complete.",
    .tp_basicsize = sizeof(struct done),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_as_async = &async,
    .tp_iter = done_await,
    .tp_iternext = done_next,
    .tp_methods = methods,
    .tp_dealloc = done_dealloc,
};

int pel_done_init(void)
{
    if (none)
        return 0;
    none = PyType_Ready(&type) < 0 ? NULL : pel_done_new(Py_None);
    return none ? 0 : -1;
}

PyObject *pel_done_new(PyObject *value)
{
    struct done *done = PyObject_New(struct done, &type);

    if (done)
        done->value = Py_NewRef(value);
    return (PyObject *)done;
}

PyObject *pel_done_none(void)
{
    return Py_NewRef(none);
}
