#include <stdio.h>

#include "gateway/strings.h"
#include "gateway/wsgi.h"

#define BATCH_N 64 /* pieces handed to the transport at once */

/* What became of a piece. */
enum { STOP = 1, GO_ON = 0, FAILED = -1 };

/* The app broke PEP 3333: "<what> of type T, not <wanted>". */
static int breached(struct pel_exchange *x, PyObject *obj, const char *what, const char *wanted)
{
    char why[200];

    snprintf(why, sizeof(why), "%s of type %.80s, not %s", what, Py_TYPE(obj)->tp_name, wanted);
    pel_gateway_app_misbehaved(x->rq, why);
    return FAILED;
}

static int send_head(struct pel_exchange *x, int64_t body_len)
{
    struct pel_err err;

    if (pel_exchange_send_head(x, body_len, &err) == 0)
        return GO_ON;
    pel_gateway_app_misbehaved(x->rq, err.text);
    return FAILED;
}

/* Head (unless it is out already) and some pieces. STOP: nothing more need be sent. */
static int send_pieces(struct pel_exchange *x, const struct pel_piece *pieces, size_t n,
                       int64_t body_len, bool is_last)
{
    struct pel_request *rq = x->rq;
    int result = send_head(x, body_len);

    if (result != GO_ON)
        return result;
    if (!is_last && n > 0 &&
        (rq->res.framing == PEL_FRAMING_NONE || pel_exchange_exceeds(x, pieces[0].bytes.len)))
        result = STOP;
    return rq->ops->send_body(rq, pieces, n, is_last) < 0 ? FAILED : result;
}

/* --- a list or tuple: its length is known, and goes with the head --- */

static int send_one(struct pel_exchange *x, PyObject *item)
{
    struct pel_piece piece;
    int result;

    if (!PyBytes_Check(item))
        return breached(x, item, "it returned a list with an item", "bytes");
    Py_INCREF(item); /* the list may change while we wait for the client */
    piece = pel_wsgi_piece(item);
    result = send_pieces(x, &piece, piece.bytes.len ? 1 : 0, (int64_t)piece.bytes.len, true);
    Py_DECREF(item);
    return result;
}

static int send_tuple(struct pel_exchange *x, PyObject *tuple)
{
    struct pel_piece batch[BATCH_N];
    Py_ssize_t n_items = PyTuple_GET_SIZE(tuple);
    int64_t total = 0;
    size_t n = 0;

    for (Py_ssize_t i = 0; i < n_items; i++) {
        PyObject *item = PyTuple_GET_ITEM(tuple, i);

        if (!PyBytes_Check(item))
            return breached(x, item, "it returned a list with an item", "bytes");
        total += PyBytes_GET_SIZE(item);
    }
    for (Py_ssize_t i = 0; i < n_items; i++) {
        batch[n] = pel_wsgi_piece(PyTuple_GET_ITEM(tuple, i));
        n += batch[n].bytes.len > 0;
        if (n == BATCH_N) {
            int result = send_pieces(x, batch, n, total, false);

            if (result != GO_ON)
                return result;
            n = 0;
        }
    }
    return send_pieces(x, batch, n, total, true);
}

static int send_list(struct pel_exchange *x, PyObject *list)
{
    PyObject *tuple;
    int result;

    if (PyList_GET_SIZE(list) == 1)
        return send_one(x, PyList_GET_ITEM(list, 0));
    if (!(tuple = PyList_AsTuple(list))) {
        pel_exchange_app_failed(x);
        return FAILED;
    }
    result = send_tuple(x, tuple);
    Py_DECREF(tuple);
    return result;
}

/* --- any iterable: one piece after the other --- */

/* Whether the iterable says that it has exactly one item, which then is the whole body. */
static bool is_single(PyObject *iterable)
{
    PySequenceMethods *methods = Py_TYPE(iterable)->tp_as_sequence;
    Py_ssize_t len;

    if (!methods || !methods->sq_length)
        return false;
    len = methods->sq_length(iterable);
    if (len < 0)
        PyErr_Clear();
    return len == 1;
}

static int send_item(struct pel_exchange *x, PyObject *item, bool is_whole)
{
    struct pel_piece piece;

    if (!PyBytes_Check(item))
        return breached(x, item, "its iterable gave an item", "bytes");
    piece = pel_wsgi_piece(item);
    if (piece.bytes.len == 0)
        return GO_ON;
    return send_pieces(x, &piece, 1, is_whole ? (int64_t)piece.bytes.len : -1, false);
}

/* The app's next item; it may do with the request what it likes meanwhile. */
static PyObject *next_item(struct pel_exchange *x, PyObject *iterator)
{
    PyObject *item;

    pel_exchange_leave(x);
    item = PyIter_Next(iterator);
    pel_exchange_lock(x);
    return item;
}

static int send_items(struct pel_exchange *x, PyObject *iterator, bool is_one)
{
    int result = GO_ON;
    PyObject *item;

    while (result == GO_ON) {
        if (!(item = next_item(x, iterator)))
            break;
        result = send_item(x, item, is_one);
        Py_DECREF(item);
    }
    if (result != GO_ON)
        return result;
    if (PyErr_Occurred()) {
        pel_exchange_app_failed(x);
        return FAILED;
    }
    return send_pieces(x, NULL, 0, 0, true);
}

/* What asks the app (iter, len) does so unlocked: either may call start_response. */
static int send_iterable(struct pel_exchange *x, PyObject *iterable)
{
    PyObject *iterator;
    bool is_one;
    int result;

    if (!Py_TYPE(iterable)->tp_iter && !PySequence_Check(iterable))
        return breached(x, iterable, "it returned an object", "an iterable of bytes");
    pel_exchange_leave(x);
    is_one = is_single(iterable);
    iterator = PyObject_GetIter(iterable);
    pel_exchange_lock(x);
    if (!iterator) {
        pel_exchange_app_failed(x);
        return FAILED;
    }
    result = send_items(x, iterator, is_one);
    Py_DECREF(iterator);
    return result;
}

/* --- a file --- */

static int send_file(struct pel_exchange *x, PyObject *wrapper)
{
    struct pel_request *rq = x->rq;
    uint64_t offset, len;
    int fd = pel_wsgi_file_wrapper_fd(wrapper, &offset, &len), result;

    if (fd < 0)
        return send_iterable(x, wrapper);
    result = send_head(x, (int64_t)len);
    if (result != GO_ON)
        return result;
    if (pel_exchange_exceeds(x, len))
        len = (uint64_t)rq->res.content_length - rq->rec.body_out;
    return rq->ops->send_file(rq, fd, offset, len, true) < 0 ? FAILED : GO_ON;
}

int pel_wsgi_send(struct pel_exchange *x, PyObject *iterable)
{
    int result;

    if (PyList_CheckExact(iterable))
        result = send_list(x, iterable);
    else if (PyTuple_CheckExact(iterable))
        result = send_tuple(x, iterable);
    else if (Py_IS_TYPE(iterable, &pel_wsgi_file_wrapper_type))
        result = send_file(x, iterable);
    else
        result = send_iterable(x, iterable);
    return result == FAILED ? -1 : 0;
}
