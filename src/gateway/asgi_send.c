#include <unistd.h>

#include "gateway/asgi.h"
#include "gateway/asgi_exchange.h"
#include "gateway/asgi_message.h"
#include "gateway/done.h"

typedef PyObject *(*handler)(struct pel_asgi_exchange *ex, const struct pel_asgi_message *m);

/* A truth value that may be missing: 1, 0, or -1 with an exception. */
static int truth(PyObject *value)
{
    if (!value || value == Py_False)
        return 0;
    return value == Py_True ? 1 : PyObject_IsTrue(value);
}

static PyObject *out_of_order(const struct pel_asgi_exchange *ex, const char *type)
{
    static const char *const states[] = {
        [PEL_ASGI_SILENT] = "before http.response.start",
        [PEL_ASGI_STARTED] = "after http.response.start",
        [PEL_ASGI_BODY] = "after the response has begun",
        [PEL_ASGI_TRAILERS] = "after the end of the body, when trailers were announced",
        [PEL_ASGI_COMPLETE] = "after the response was complete",
    };

    PyErr_Format(PyExc_RuntimeError, "%s was sent %s", type, states[ex->phase]);
    return NULL;
}

/* What the transport says of the app's head: err may hold bytes of it. */
static PyObject *raise_bad(const struct pel_err *err)
{
    PyObject *text =
        PyUnicode_DecodeUTF8(err->text, (Py_ssize_t)strlen(err->text), "backslashreplace");

    if (text)
        PyErr_SetObject(PyExc_ValueError, text);
    Py_XDECREF(text);
    return NULL;
}

/* --- http.response.start --- */

static int read_status(const struct pel_asgi_message *m, uint16_t *status)
{
    PyObject *value = m->status;
    long n;

    if (!value) {
        PyErr_SetString(PyExc_ValueError, "http.response.start needs a status");
        return -1;
    }
    if (!PyLong_Check(value)) {
        PyErr_Format(PyExc_TypeError, "status must be int, not %.100s", Py_TYPE(value)->tp_name);
        return -1;
    }
    n = PyLong_AsLong(value);
    if (n < 200 || n > 999) {
        PyErr_Clear();
        PyErr_Format(PyExc_ValueError, "status must be from 200 to 999, not %R", value);
        return -1;
    }
    *status = (uint16_t)n;
    return 0;
}

/* The held head goes to the transport. body_len: of the whole body, -1 when it is not known. */
static int begin(struct pel_asgi_exchange *ex, int64_t body_len)
{
    struct pel_err err;
    int rc = ex->rq->ops->send_head(ex->rq, ex->status, PEL_STR_NONE, ex->fields.items,
                                    ex->fields.n, body_len, &err);

    if (rc == PEL_WRITE_BAD) {
        ex->phase = PEL_ASGI_SILENT;
        raise_bad(&err);
        return -1;
    }
    ex->phase = PEL_ASGI_BODY;
    if (rc != PEL_WRITE_GONE)
        return 0;
    pel_asgi_exchange_raise_gone(ex);
    return -1;
}

static PyObject *send_start(struct pel_asgi_exchange *ex, const struct pel_asgi_message *m)
{
    struct pel_asgi_fields fields = {NULL, 0, false};
    int wants_trailers;

    if (ex->phase != PEL_ASGI_SILENT)
        return out_of_order(ex, "http.response.start");
    wants_trailers = truth(m->trailers);
    if (wants_trailers < 0 || read_status(m, &ex->status) < 0 ||
        (m->headers && pel_asgi_fields_read(ex->rq, m->headers, &fields) < 0))
        return NULL;
    pel_asgi_exchange_note_framework(ex);
    ex->fields = fields;
    ex->wants_trailers = wants_trailers;
    ex->phase = PEL_ASGI_STARTED;
    if (!fields.is_event_stream)
        return pel_done_none();
    /* A listener waits for the head, however late the first event is. */
    if (begin(ex, -1) < 0)
        return NULL;
    if (ex->rq->ops->flush(ex->rq) == PEL_WRITE_GONE)
        return pel_asgi_exchange_raise_gone(ex);
    return pel_done_none();
}

/* --- http.response.body, http.response.pathsend --- */

/* The body is complete, but for trailers. */
static void end_body(struct pel_asgi_exchange *ex)
{
    if (ex->wants_trailers)
        ex->phase = PEL_ASGI_TRAILERS;
    else
        pel_asgi_exchange_complete(ex);
}

/* What send() returns after a write; the awaitable of a slow client waits for on_drain. */
static PyObject *written(struct pel_asgi_exchange *ex, int rc, bool has_more)
{
    if (rc == PEL_WRITE_GONE)
        return pel_asgi_exchange_raise_gone(ex);
    if (!has_more)
        end_body(ex);
    else if (rc == PEL_WRITE_FULL)
        return pel_asgi_waiting(ex->call->send);
    return pel_done_none();
}

/* The body as bytes: new reference, or NULL with an exception. */
static PyObject *read_body(PyObject *body)
{
    if (!body)
        return PyBytes_FromStringAndSize(NULL, 0);
    if (PyBytes_Check(body))
        return Py_NewRef(body);
    if (PyObject_CheckBuffer(body))
        return PyBytes_FromObject(body);
    PyErr_Format(PyExc_TypeError, "body must be bytes, not %.100s", Py_TYPE(body)->tp_name);
    return NULL;
}

static PyObject *write_body(struct pel_asgi_exchange *ex, PyObject *body, bool has_more)
{
    struct pel_piece piece = {pel_str(PyBytes_AS_STRING(body), (size_t)PyBytes_GET_SIZE(body)),
                              body};
    bool is_last = !has_more && !ex->wants_trailers;
    const struct pel_request_ops *ops = ex->rq->ops;
    int rc = PEL_WRITE_DONE;

    if (ex->phase == PEL_ASGI_STARTED && begin(ex, is_last ? (int64_t)piece.bytes.len : -1) < 0)
        return NULL;
    if (piece.bytes.len || is_last)
        rc = ops->send_body(ex->rq, &piece, piece.bytes.len ? 1 : 0, is_last);
    else
        rc = ops->flush(ex->rq);
    return written(ex, rc, has_more);
}

static PyObject *send_body(struct pel_asgi_exchange *ex, const struct pel_asgi_message *m)
{
    PyObject *body, *result;
    int has_more;

    if (ex->phase != PEL_ASGI_STARTED && ex->phase != PEL_ASGI_BODY)
        return out_of_order(ex, "http.response.body");
    has_more = truth(m->more_body);
    body = has_more < 0 ? NULL : read_body(m->body);
    if (!body)
        return NULL;
    result = write_body(ex, body, has_more);
    Py_DECREF(body);
    return result;
}

static PyObject *write_file(struct pel_asgi_exchange *ex, int fd, uint64_t size)
{
    bool is_last = !ex->wants_trailers;
    int rc;

    if (begin(ex, is_last ? (int64_t)size : -1) < 0)
        return NULL;
    rc = ex->rq->ops->send_file(ex->rq, fd, 0, size, is_last);
    return written(ex, rc, false);
}

static PyObject *send_path(struct pel_asgi_exchange *ex, const struct pel_asgi_message *m)
{
    PyObject *result;
    uint64_t size;
    int fd;

    if (ex->phase != PEL_ASGI_STARTED)
        return out_of_order(ex, "http.response.pathsend");
    if (!m->path) {
        PyErr_SetString(PyExc_ValueError, "http.response.pathsend needs a path");
        return NULL;
    }
    fd = pel_asgi_file_open(m->path, &size);
    if (fd < 0)
        return NULL;
    result = write_file(ex, fd, size);
    close(fd);
    return result;
}

/* --- http.response.trailers, http.response.early_hint --- */

/* Those of one message; none of them counts where one is unusable. 0, or -1 with an exception. */
static int read_trailers(struct pel_asgi_exchange *ex, PyObject *headers)
{
    size_t before = ex->trailers.n;
    struct pel_err err;

    if (pel_asgi_fields_read(ex->rq, headers, &ex->trailers) < 0)
        return -1;
    for (size_t i = before; i < ex->trailers.n; i++) {
        if (pel_trailer_check(&ex->trailers.items[i], &err) == 0)
            continue;
        ex->trailers.n = before;
        raise_bad(&err);
        return -1;
    }
    return 0;
}

static PyObject *send_trailers(struct pel_asgi_exchange *ex, const struct pel_asgi_message *m)
{
    int has_more;

    if (ex->phase != PEL_ASGI_TRAILERS)
        return out_of_order(ex, "http.response.trailers");
    has_more = truth(m->more_trailers);
    if (has_more < 0 || (m->headers && read_trailers(ex, m->headers) < 0))
        return NULL;
    if (!has_more)
        pel_asgi_exchange_complete(ex);
    return pel_done_none();
}

/* Possible until the head is out, and then of no use to the client: ignored. */
static PyObject *send_hint(struct pel_asgi_exchange *ex, const struct pel_asgi_message *m)
{
    struct pel_asgi_fields fields = {NULL, 0, false};
    struct pel_err err;
    int rc = PEL_WRITE_DONE;

    if (ex->phase == PEL_ASGI_TRAILERS || ex->phase == PEL_ASGI_COMPLETE)
        return out_of_order(ex, "http.response.early_hint");
    if (!m->links) {
        PyErr_SetString(PyExc_ValueError, "http.response.early_hint needs links");
        return NULL;
    }
    if (pel_asgi_fields_links(ex->rq, m->links, &fields) < 0)
        return NULL;
    if (fields.n && ex->phase != PEL_ASGI_BODY)
        rc = ex->rq->ops->send_interim(ex->rq, 103, fields.items, fields.n, &err);
    if (rc == PEL_WRITE_BAD)
        return raise_bad(&err);
    return rc == PEL_WRITE_GONE ? pel_asgi_exchange_raise_gone(ex) : pel_done_none();
}

/* --- send() --- */

static const struct {
    struct pel_str type;
    handler handle;
} messages[] = {
    {PEL_STR("http.response.start"), send_start},
    {PEL_STR("http.response.body"), send_body},
    {PEL_STR("http.response.trailers"), send_trailers},
    {PEL_STR("http.response.pathsend"), send_path},
    {PEL_STR("http.response.early_hint"), send_hint},
};

/* By the message's type; NULL with an exception. */
static handler find_handler(PyObject *type)
{
    struct pel_str text;

    if (pel_py_latin_1(type, &text))
        for (size_t i = 0; i < PEL_ARRAY_LEN(messages); i++)
            if (pel_str_eq(text, messages[i].type))
                return messages[i].handle;
    PyErr_Format(PyExc_ValueError, "send() does not know messages of type %R", type);
    return NULL;
}

/* The request is over, and ch all that is left of it. */
static PyObject *send_over(const struct pel_asgi_channel *ch)
{
    if (ch->is_gone)
        PyErr_SetString(pel_asgi.gone_type, "the client has disconnected");
    else
        PyErr_SetString(PyExc_RuntimeError, "a message was sent after the response was complete");
    return NULL;
}

static PyObject *send_message(struct pel_asgi_channel *ch, const struct pel_asgi_message *m)
{
    struct pel_asgi_exchange *ex = ch->owner;
    handler handle;
    PyObject *result;

    if (!ex)
        return send_over(ch);
    if (!(handle = find_handler(m->type))) {
        ex->is_misused = true;
        return NULL;
    }
    if (ex->is_gone && (ex->is_told || !ex->may_still_read))
        return pel_asgi_exchange_raise_gone(ex);
    result = handle(ex, m);
    if (!result && ch->owner)
        ex->is_misused = !ex->is_gone;
    return result;
}

static PyObject *send_dict(struct pel_asgi_channel *ch, PyObject *dict)
{
    struct pel_asgi_message m;
    PyObject *result = NULL;

    if (!ch->owner) /* the gateway may be closed: nothing of it is to be used */
        return send_over(ch);
    if (pel_asgi_message_read(&m, dict) == 0)
        result = send_message(ch, &m);
    else if (ch->owner)
        ((struct pel_asgi_exchange *)ch->owner)->is_misused = true;
    pel_asgi_message_clear(&m);
    return result;
}

/* An error is raised out of the awaitable, as if this were an async function. */
static PyObject *send(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names)
{
    PyObject *result;

    if (PyVectorcall_NARGS(nargsf) != 1 || names) {
        PyErr_SetString(PyExc_TypeError, "send() takes one argument, the message");
        return NULL;
    }
    result = send_dict((struct pel_asgi_channel *)self, args[0]);
    return result ? result : pel_asgi_failed();
}

/* The awaitable of a send() that came to a full buffer. */
static PyObject *poll(struct pel_asgi_channel *ch)
{
    struct pel_asgi_exchange *ex = ch->owner;

    if (!ex)
        return ch->is_gone ? send_over(ch) : Py_NewRef(Py_None);
    if (ex->is_gone && !ex->may_still_read)
        return pel_asgi_exchange_raise_gone(ex);
    ch->is_clients = true;
    return ex->rq->ops->is_writable(ex->rq) ? Py_NewRef(Py_None) : NULL;
}

static void shift(struct pel_asgi_channel *ch)
{
    pel_asgi_exchange_shift(ch, PEL_REQUEST_PHASE_WRITE);
}

const struct pel_asgi_channel_ops pel_asgi_send_ops = {"send", send, poll, shift};
