#include "gateway/asgi_exchange.h"
#include "gateway/strings.h"

/* Most bytes of the body in one message. */
#define BODY_MAX 262144

/* Messages to copy: an app may change those it is given. Owned. */
static PyObject *disconnect_message, *empty_message;

int pel_asgi_receive_init(void)
{
    disconnect_message = Py_BuildValue("{O:s}", pel_interned.type, "http.disconnect");
    empty_message = Py_BuildValue("{O:s,O:y,O:O}", pel_interned.type, "http.request",
                                  pel_interned.body, "", pel_interned.more_body, Py_False);
    return disconnect_message && empty_message ? 0 : -1;
}

void pel_asgi_receive_fini(void)
{
    Py_CLEAR(disconnect_message);
    Py_CLEAR(empty_message);
}

/* http.request with body (stolen; NULL stands for an exception). */
static PyObject *request_message(struct pel_asgi_exchange *ex, PyObject *body, bool is_end)
{
    PyObject *message = body ? PyDict_Copy(empty_message) : NULL;

    ex->is_body_read = is_end;
    if (message &&
        (PyDict_SetItem(message, pel_interned.body, body) < 0 ||
         PyDict_SetItem(message, pel_interned.more_body, is_end ? Py_False : Py_True) < 0))
        Py_CLEAR(message);
    Py_XDECREF(body);
    return message;
}

static PyObject *last_message(struct pel_asgi_exchange *ex)
{
    ex->is_body_read = true;
    return PyDict_Copy(empty_message);
}

/* Nothing has arrived, or the transport has to be asked for it (100 Continue). */
static PyObject *read_unknown(struct pel_asgi_exchange *ex)
{
    char buf[4096];
    int64_t n = ex->rq->ops->read(ex->rq, buf, sizeof(buf));

    if (n > 0)
        return request_message(ex, PyBytes_FromStringAndSize(buf, (Py_ssize_t)n), false);
    if (n == 0)
        return last_message(ex);
    if (n == -1)
        ex->is_gone = true;
    return NULL;
}

static PyObject *read_known(struct pel_asgi_exchange *ex, size_t n, bool is_end)
{
    PyObject *body;
    int64_t got;

    if (n > BODY_MAX) {
        n = BODY_MAX;
        is_end = false;
    }
    body = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)n);
    if (!body)
        return NULL;
    got = ex->rq->ops->read(ex->rq, PyBytes_AS_STRING(body), n);
    PEL_ASSERT(got == (int64_t)n);
    return request_message(ex, body, is_end);
}

/* The next part of the body, or NULL: with an exception, or when there is none. */
static PyObject *read_body(struct pel_asgi_exchange *ex)
{
    struct pel_request *rq = ex->rq;
    bool is_end = false;
    size_t n;

    if (!rq->head->has_body)
        return last_message(ex);
    n = rq->ops->readable(rq, &is_end);
    if (n)
        return read_known(ex, n, is_end);
    return is_end ? last_message(ex) : read_unknown(ex);
}

static PyObject *poll(struct pel_asgi_channel *ch)
{
    struct pel_asgi_exchange *ex = ch->owner;
    PyObject *message = NULL;

    if (!ex || ex->phase == PEL_ASGI_COMPLETE)
        return PyDict_Copy(disconnect_message);
    if (!ex->is_body_read)
        message = read_body(ex);
    ch->is_clients = !ex->is_body_read;
    if (message || PyErr_Occurred() || !ex->is_gone)
        return message;
    ex->is_told = true;
    return PyDict_Copy(disconnect_message);
}

static PyObject *receive(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names)
{
    struct pel_asgi_channel *ch = (struct pel_asgi_channel *)self;

    if (PyVectorcall_NARGS(nargsf) != 0 || names) {
        PyErr_SetString(PyExc_TypeError, "receive() takes no arguments");
        return NULL;
    }
    if (ch->owner)
        pel_asgi_exchange_note_framework(ch->owner);
    return pel_asgi_waiting(ch);
}

static void shift(struct pel_asgi_channel *ch)
{
    pel_asgi_exchange_shift(ch, PEL_REQUEST_PHASE_BODY);
}

const struct pel_asgi_channel_ops pel_asgi_receive_ops = {"receive", receive, poll, shift};
