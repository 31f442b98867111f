#include "gateway/wsgi.h"

static PyObject *misused(struct pel_exchange *x, const char *why)
{
    x->is_misused = true;
    return PyErr_Format(PyExc_ValueError, "write(): %s", why);
}

static PyObject *write_piece(struct pel_exchange *x, PyObject *data)
{
    struct pel_request *rq = x->rq;
    struct pel_piece piece = {pel_str(PyBytes_AS_STRING(data), (size_t)PyBytes_GET_SIZE(data)),
                              data};
    struct pel_err err;

    if (piece.bytes.len == 0)
        Py_RETURN_NONE;
    if (pel_exchange_send_head(x, -1, &err) < 0)
        return misused(x, err.text);
    if (rq->ops->send_body(rq, &piece, 1, false) < 0)
        return pel_exchange_raise_gone(rq, "the response was written");
    if (rq->rec.error == PEL_ERROR_BODY_TOO_LONG)
        return misused(x, "more than Content-Length says");
    Py_RETURN_NONE;
}

static PyObject *write_method(PyObject *self, PyObject *data)
{
    struct pel_exchange *x = (struct pel_exchange *)self;
    PyObject *result;

    if (!PyBytes_Check(data)) {
        x->is_misused = true;
        return PyErr_Format(PyExc_TypeError, "write(): got %s, not bytes", Py_TYPE(data)->tp_name);
    }
    if (pel_exchange_enter(x) < 0)
        return NULL;
    result = write_piece(x, data);
    pel_exchange_leave(x);
    return result;
}

static PyMethodDef definition = {
    "write", write_method, METH_O,
    PyDoc_STR("write(bytes): sends a piece of the response body (PEP 3333).")};

PyObject *pel_wsgi_write_new(struct pel_exchange *x)
{
    return PyCFunction_New(&definition, (PyObject *)x);
}
