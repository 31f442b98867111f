#include "gateway/wsgi.h"

static PyObject *write_piece(struct pel_exchange *x, PyObject *data)
{
    struct pel_request *rq = x->rq;
    struct pel_piece piece;
    struct pel_err err;
    bool exceeds;

    if (!PyBytes_Check(data))
        return PyErr_Format(PyExc_TypeError, "write(): got %s, not bytes", Py_TYPE(data)->tp_name);
    if (x->is_sent)
        return PyErr_Format(PyExc_RuntimeError, "write(): the response has ended");
    piece = pel_wsgi_piece(data);
    if (piece.bytes.len == 0)
        Py_RETURN_NONE;
    if (pel_exchange_send_head(x, -1, &err) < 0)
        return PyErr_Format(PyExc_ValueError, "write(): %s", err.text);
    exceeds = pel_exchange_exceeds(x, piece.bytes.len);
    if (rq->ops->send_body(rq, &piece, 1, false) < 0)
        return pel_exchange_raise_gone(rq, "the response was written");
    if (exceeds)
        return PyErr_Format(PyExc_ValueError, "write(): more than Content-Length says");
    Py_RETURN_NONE;
}

const struct pel_wsgi_method pel_wsgi_write = {"write", write_piece};
