#include "gateway/wsgi.h"

/* write and early_hints: one argument, and the exchange they were made for. Lighter than a bound
 * built-in method, of which every request would make two. */
struct method {
    PyObject ob_base;
    vectorcallfunc vectorcall;
    const struct pel_wsgi_method *of;
    struct pel_exchange *x; /* owned */
};

#define FREE_MAX 64

static PyObject *free_objects[FREE_MAX];
static size_t n_free;

static PyObject *call(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names)
{
    struct method *m = (struct method *)self;
    PyObject *result;

    if (PyVectorcall_NARGS(nargsf) != 1 || (names && PyTuple_GET_SIZE(names)))
        return PyErr_Format(PyExc_TypeError, "%s() takes one argument, by position", m->of->name);
    if (pel_exchange_enter(m->x) < 0)
        return NULL;
    result = m->of->run(m->x, args[0]);
    if (!result && m->x->rq->rec.error == PEL_ERROR_NONE)
        m->x->is_misused = true;
    pel_exchange_leave(m->x);
    return result;
}

static PyObject *repr(PyObject *self)
{
    return PyUnicode_FromFormat("<%s() of pellucid>", ((struct method *)self)->of->name);
}

static void dealloc(PyObject *self)
{
    Py_DECREF((PyObject *)((struct method *)self)->x);
    if (n_free < FREE_MAX)
        free_objects[n_free++] = self;
    else
        PyObject_Free(self);
}

static PyTypeObject method_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "pellucid.Method",
    .tp_doc = PyDoc_STR("What start_response returns (PEP 3333), and wsgi.early_hints."),
    .tp_basicsize = sizeof(struct method),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_vectorcall_offset = offsetof(struct method, vectorcall),
    .tp_call = PyVectorcall_Call,
    .tp_repr = repr,
    .tp_dealloc = dealloc,
};

int pel_wsgi_method_type_init(void)
{
    return PyType_Ready(&method_type);
}

PyObject *pel_wsgi_method_new(const struct pel_wsgi_method *of, struct pel_exchange *x)
{
    struct method *m;

    if (n_free > 0)
        m = (struct method *)PyObject_Init(free_objects[--n_free], &method_type);
    else
        m = PyObject_New(struct method, &method_type);
    if (!m)
        return NULL;
    m->vectorcall = call;
    m->of = of;
    m->x = (struct pel_exchange *)Py_NewRef((PyObject *)x);
    return (PyObject *)m;
}
