/*
 * A transport in memory, for tests of the WSGI gateway: the Python module _fake_transport.
 *
 * Requests are parsed and response heads written by the http layer; what a client does is said by
 * the test. A request is freed right after its end, so that ASan sees who touches it later.
 */
#include <stdlib.h>
#include <time.h>

#include "fake.h"
#include "pellucid/gateway.h"

/* A request, and what came of it. */
struct exchange {
    struct pel_request rq;
    struct pel_http_parser *parser;
    struct pel_buf head, body, interim, writes;
    PyObject *input;       /* borrowed list: bytes, milliseconds to wait, or the name of an error */
    Py_ssize_t at, offset; /* in input, and in its item */
    int64_t gone_after;    /* body bytes after which the client is gone, -1 = never */
    int64_t sent_by_file;
    const char *outcome;
};

static const struct pel_gateway *gateway;

static struct exchange *exchange_of(const struct pel_request *rq)
{
    return PEL_CONTAINER_OF(rq, struct exchange, rq);
}

/* --- what the client does --- */

static int64_t fail_as(struct exchange *e, PyObject *name)
{
    struct pel_str text = {NULL, 0};

    PEL_ASSERT(pel_py_latin_1(name, &text));
    if (pel_str_eq(text, PEL_STR("timeout")))
        e->rq.rec.error = PEL_ERROR_BODY_TIMEOUT;
    else if (pel_str_eq(text, PEL_STR("bad")))
        e->rq.rec.error = PEL_ERROR_BAD_REQUEST;
    else
        e->rq.rec.error = PEL_ERROR_CLIENT_GONE;
    return -1;
}

static void wait_ms(long ms)
{
    struct timespec ts = {ms / 1000, ms % 1000 * 1000000};

    Py_BEGIN_ALLOW_THREADS nanosleep(&ts, NULL);
    Py_END_ALLOW_THREADS
}

static int64_t op_read(struct pel_request *rq, char *buf, size_t max)
{
    struct exchange *e = exchange_of(rq);

    while (e->at < PyList_GET_SIZE(e->input)) {
        PyObject *item = PyList_GET_ITEM(e->input, e->at);
        size_t left, n;

        if (PyUnicode_Check(item))
            return fail_as(e, item);
        if (PyLong_Check(item)) {
            e->at++;
            wait_ms(PyLong_AsLong(item));
            continue;
        }
        left = (size_t)(PyBytes_GET_SIZE(item) - e->offset);
        n = left < max ? left : max;
        memcpy(buf, PyBytes_AS_STRING(item) + e->offset, n);
        e->offset += (Py_ssize_t)n;
        if (n == left) {
            e->at++;
            e->offset = 0;
        }
        if (n)
            return (int64_t)n;
    }
    return 0;
}

static int op_send_head(struct pel_request *rq, uint16_t status, struct pel_str reason,
                        const struct pel_field *fields, size_t n_fields, int64_t body_len,
                        struct pel_err *err)
{
    return fake_send_head(rq, &exchange_of(rq)->head, status, reason, fields, n_fields, body_len,
                          err);
}

static int op_flush(struct pel_request *rq)
{
    return PEL_WRITE_DONE;
}

/* How much of n body bytes may be sent. */
static uint64_t allowed(struct exchange *e, uint64_t n)
{
    uint64_t room;

    if (e->rq.res.framing == PEL_FRAMING_NONE)
        return 0;
    if (e->rq.res.framing != PEL_FRAMING_LENGTH)
        return n;
    room = (uint64_t)e->rq.res.content_length - e->body.len;
    if (n > room)
        e->rq.rec.error = PEL_ERROR_BODY_TOO_LONG;
    return n < room ? n : room;
}

static int after_sending(struct exchange *e, bool is_last)
{
    e->rq.rec.body_out = e->body.len;
    pel_buf_addf(&e->writes, "%zu%s ", e->body.len, is_last ? "!" : "");
    if (e->gone_after < 0 || e->body.len < (size_t)e->gone_after)
        return PEL_WRITE_DONE;
    e->rq.rec.error = PEL_ERROR_CLIENT_GONE;
    return PEL_WRITE_GONE;
}

static int op_send_body(struct pel_request *rq, const struct pel_piece *pieces, size_t n,
                        bool is_last)
{
    struct exchange *e = exchange_of(rq);

    PEL_ASSERT(rq->has_head);
    for (size_t i = 0; i < n; i++)
        pel_buf_add(&e->body, pieces[i].bytes.p, allowed(e, pieces[i].bytes.len));
    return after_sending(e, is_last);
}

static int op_send_file(struct pel_request *rq, int fd, uint64_t offset, uint64_t len, bool is_last)
{
    struct exchange *e = exchange_of(rq);
    uint64_t n = allowed(e, len);
    ssize_t got = pread(fd, pel_buf_reserve(&e->body, n), n, (off_t)offset);

    PEL_ASSERT(rq->has_head && got >= 0);
    e->body.len += (size_t)got;
    e->sent_by_file += got;
    return after_sending(e, is_last);
}

static int op_send_interim(struct pel_request *rq, uint16_t status, const struct pel_field *fields,
                           size_t n_fields, struct pel_err *err)
{
    struct exchange *e = exchange_of(rq);

    return pel_response_interim(&e->interim, status, fields, n_fields, err) < 0 ? PEL_WRITE_BAD
                                                                                : PEL_WRITE_DONE;
}

static void op_finish(struct pel_request *rq, const struct pel_field *trailers, size_t n_trailers)
{
    PEL_ASSERT(rq->has_head && !exchange_of(rq)->outcome);
    exchange_of(rq)->outcome = "finish";
}

static void op_abort(struct pel_request *rq)
{
    PEL_ASSERT(!exchange_of(rq)->outcome);
    exchange_of(rq)->outcome = "abort";
}

static const struct pel_request_ops ops = {
    .read = op_read,
    .send_head = op_send_head,
    .flush = op_flush,
    .send_body = op_send_body,
    .send_file = op_send_file,
    .send_interim = op_send_interim,
    .finish = op_finish,
    .abort = op_abort,
};

/* --- one request --- */

static struct exchange *exchange_new(const char *raw, Py_ssize_t len)
{
    struct exchange *e = calloc(1, sizeof(*e));

    PEL_ASSERT(e != NULL);
    e->rq.ops = &ops;
    e->gone_after = -1;
    e->parser = fake_parse(&e->rq, raw, (size_t)len);
    return e;
}

static void exchange_free(struct exchange *e)
{
    pel_http_parser_free(e->parser);
    pel_arena_reset(&e->rq.arena);
    pel_buf_fini(&e->head);
    pel_buf_fini(&e->body);
    pel_buf_fini(&e->interim);
    pel_buf_fini(&e->writes);
    free(e);
}

static void set_up(struct exchange *e, bool is_unix)
{
    struct pel_record *rec = &e->rq.rec;

    rec->conf_route = pel_conf_route_find(&fake_conf, rec->method, rec->path);
    if (rec->conf_route && *rec->conf_route->name) {
        rec->route = pel_str(rec->conf_route->name, strlen(rec->conf_route->name));
        rec->route_source = PEL_ROUTE_CONFIG;
    }
    fake_connect(&e->rq, is_unix);
}

/* The bytes of a buffer that may be empty. */
static const char *bytes_of(const struct pel_buf *b)
{
    return b->len ? b->p : "";
}

static PyObject *result_of(const struct exchange *e)
{
    const struct pel_record *rec = &e->rq.rec;

    return Py_BuildValue(
        "{s:s,s:y#,s:y#,s:y#,s:y#,s:L,s:s,s:s#,s:s#,s:s#,s:s#,s:i,s:i,s:O,s:O}", "outcome",
        e->outcome, "head", bytes_of(&e->head), (Py_ssize_t)e->head.len, "body", bytes_of(&e->body),
        (Py_ssize_t)e->body.len, "interim", bytes_of(&e->interim), (Py_ssize_t)e->interim.len,
        "writes", bytes_of(&e->writes), (Py_ssize_t)e->writes.len, "sent_by_file",
        (long long)e->sent_by_file, "error", pel_error_text(rec->error), "exc_type",
        rec->exc_type.p, (Py_ssize_t)rec->exc_type.len, "exc_message", rec->exc_message.p,
        (Py_ssize_t)rec->exc_message.len, "exc_stack", rec->exc_stack.p,
        (Py_ssize_t)rec->exc_stack.len, "route", rec->route.p, (Py_ssize_t)rec->route.len,
        "route_source", (int)rec->route_source, "status", (int)rec->status, "is_stamped",
        rec->stamp_ns[PEL_STAMP_APP_END] >= rec->stamp_ns[PEL_STAMP_APP_START] ? Py_True : Py_False,
        "is_begun", e->rq.has_head ? Py_True : Py_False);
}

/* respond(raw, body=[], *, gone_after=-1, unix=False) */
static PyObject *respond(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"raw", "body", "gone_after", "unix", NULL};
    PyObject *input = NULL, *result = NULL;
    const char *raw;
    Py_ssize_t len;
    long long gone_after = -1;
    int is_unix = 0;
    struct exchange *e;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "y#|O!$Lp", names, &raw, &len, &PyList_Type,
                                     &input, &gone_after, &is_unix))
        return NULL;
    e = exchange_new(raw, len);
    if (!e->rq.head) {
        exchange_free(e);
        return PyErr_Format(PyExc_ValueError, "no request head");
    }
    set_up(e, is_unix);
    e->input = input ? Py_NewRef(input) : PyList_New(0);
    e->gone_after = gone_after;
    gateway->respond(&e->rq);
    PEL_ASSERT(!PyErr_Occurred() && e->outcome && fake_n_entered == fake_n_left);
    result = result_of(e);
    Py_DECREF(e->input);
    exchange_free(e);
    return result;
}

/* --- the gateway --- */

/* open(app, doc, multiprocess=False): the name of the gateway that accepts the app. */
static PyObject *open_gateway(PyObject *module, PyObject *args)
{
    struct pel_gateway_env env = {.conf = &fake_conf};
    PyObject *app, *doc;
    struct pel_err err;
    int multiprocess = 0;

    if (!PyArg_ParseTuple(args, "OO|p", &app, &doc, &multiprocess) || fake_load(doc) < 0)
        return NULL;
    env.is_multiprocess = multiprocess;
    gateway = pel_gateway_find(&fake_conf, app, &err);
    if (gateway && (gateway->mode == PEL_GATEWAY_LOOP || gateway->open(&env, app, &err) == 0))
        return PyUnicode_FromString(gateway->name);
    pel_conf_fini(&fake_conf);
    return fake_raise(&err);
}

static PyObject *close_gateway(PyObject *module, PyObject *unused)
{
    if (gateway->mode != PEL_GATEWAY_LOOP)
        gateway->close(0);
    pel_conf_fini(&fake_conf);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"open", open_gateway, METH_VARARGS, NULL},
    {"respond", (PyCFunction)(void (*)(void))respond, METH_VARARGS | METH_KEYWORDS, NULL},
    {"close", close_gateway, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef module_def = {
    PyModuleDef_HEAD_INIT, "_fake_transport", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__fake_transport(void);
PyMODINIT_FUNC PyInit__fake_transport(void)
{
    return PyModule_Create(&module_def);
}
