#include "gateway/wsgi.h"

static PyObject *send_hints(struct pel_exchange *x, PyObject *headers)
{
    struct pel_request *rq = x->rq;
    struct pel_field *fields;
    struct pel_err err;
    size_t n;
    int result;

    if (rq->has_head) {
        PyErr_SetString(PyExc_AssertionError, "early_hints(): the response has begun");
        return NULL;
    }
    if (pel_wsgi_fields(rq, headers, &fields, &n) < 0)
        return NULL;
    result = rq->ops->send_interim(rq, 103, fields, n, &err);
    if (result == PEL_WRITE_BAD)
        return PyErr_Format(PyExc_ValueError, "early_hints(): %s", err.text);
    if (result < 0)
        return pel_exchange_raise_gone(rq, "early hints were sent");
    Py_RETURN_NONE;
}

static PyObject *early_hints(PyObject *self, PyObject *headers)
{
    struct pel_exchange *x = (struct pel_exchange *)self;
    PyObject *result;

    if (pel_exchange_enter(x) < 0)
        return NULL;
    result = send_hints(x, headers);
    pel_exchange_leave(x);
    return result;
}

static PyMethodDef definition = {
    "early_hints", early_hints, METH_O,
    PyDoc_STR("early_hints(headers): sends 103 Early Hints (RFC 8297) with a list of (name, value) "
              "tuples; does nothing for a client of HTTP/1.0.")};

PyObject *pel_wsgi_early_hints_new(struct pel_exchange *x)
{
    return PyCFunction_New(&definition, (PyObject *)x);
}
