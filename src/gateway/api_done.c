#include "gateway/api.h"

struct done {
    PyObject_HEAD PyObject *value; /* owned */
};

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

static PyObject *done_next(PyObject *self)
{
    PyErr_SetObject(PyExc_StopIteration, ((struct done *)self)->value);
    return NULL;
}

static PyAsyncMethods done_async = {.am_await = done_await, .am_send = done_send};

static PyTypeObject done_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "pellucid.Done",
    .tp_doc = "What `async with` awaits of a span: nothing.",
    .tp_basicsize = sizeof(struct done),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_as_async = &done_async,
    .tp_iter = done_await,
    .tp_iternext = done_next,
    .tp_dealloc = done_dealloc,
};

int pel_api_done_init(void)
{
    return PyType_Ready(&done_type);
}

PyObject *pel_api_done(PyObject *value)
{
    struct done *done = PyObject_New(struct done, &done_type);

    if (done)
        done->value = Py_NewRef(value);
    return (PyObject *)done;
}
