#include "gateway/wsgi.h"

/* 103 Early Hints (RFC 8297) with a list of (name, value) tuples; nothing for HTTP/1.0. */
static PyObject *send_hints(struct pel_exchange *x, PyObject *headers)
{
    struct pel_request *rq = x->rq;
    struct pel_field *fields;
    struct pel_err err;
    size_t n;
    int result;

    if (rq->has_head)
        return PyErr_Format(PyExc_AssertionError, "early_hints(): the response has begun");
    if (pel_wsgi_fields(rq, headers, &fields, &n) < 0)
        return NULL;
    result = rq->ops->send_interim(rq, 103, fields, n, &err);
    if (result == PEL_WRITE_BAD)
        return PyErr_Format(PyExc_ValueError, "early_hints(): %s", err.text);
    if (result < 0)
        return pel_exchange_raise_gone(rq, "early hints were sent");
    Py_RETURN_NONE;
}

const struct pel_wsgi_method pel_wsgi_early_hints = {"early_hints", send_hints};
