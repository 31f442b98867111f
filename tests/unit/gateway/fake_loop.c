/*
 * A transport in memory for the ASGI gateway, on an asyncio loop of the test's: the module
 * _fake_loop. What the client does, and when, is said by the test between two turns of the loop.
 */
#include <unistd.h>

#include "fake.h"
#include <structmember.h>

#include "pellucid/gateway.h"
#include "pellucid/time.h"
#include "probe/probes.h"

/* A request, and what came of it: the Python type Request. */
struct exchange {
    PyObject_HEAD struct pel_request rq;
    struct pel_http_parser *parser;
    struct pel_buf input; /* body bytes that have arrived and were not read */
    struct pel_buf head, body, interim, trailers;
    char is_input_complete, is_input_broken, is_gone, is_full; /* set by the test */
    unsigned n_flushed, n_continued;
    const char *outcome; /* NULL while the gateway has it */
};

static struct pel_shm_slot slot;
static struct pel_probes probes = {.conf = &fake_conf, .slot = &slot};

static struct exchange *exchange_of(const struct pel_request *rq)
{
    return PEL_CONTAINER_OF(rq, struct exchange, rq);
}

/* --- the ops --- */

static int64_t op_read(struct pel_request *rq, char *buf, size_t max)
{
    struct exchange *e = exchange_of(rq);
    size_t n = e->input.len < max ? e->input.len : max;

    if (n) {
        memcpy(buf, e->input.p, n);
        pel_buf_drop(&e->input, n);
        return (int64_t)n;
    }
    if (e->is_input_broken || e->is_gone)
        return -1;
    if (e->is_input_complete)
        return 0;
    e->n_continued++;
    return -2;
}

static size_t op_readable(const struct pel_request *rq, bool *at_end)
{
    *at_end = exchange_of(rq)->is_input_complete;
    return exchange_of(rq)->input.len;
}

static int op_send_head(struct pel_request *rq, uint16_t status, struct pel_str reason,
                        const struct pel_field *fields, size_t n_fields, int64_t body_len,
                        struct pel_err *err)
{
    return fake_send_head(rq, &exchange_of(rq)->head, status, reason, fields, n_fields, body_len,
                          err);
}

static int written(struct exchange *e)
{
    if (e->is_gone)
        return PEL_WRITE_GONE;
    return e->is_full ? PEL_WRITE_FULL : PEL_WRITE_DONE;
}

static int op_flush(struct pel_request *rq)
{
    PEL_ASSERT(rq->has_head);
    exchange_of(rq)->n_flushed++;
    return written(exchange_of(rq));
}

static int op_send_body(struct pel_request *rq, const struct pel_piece *pieces, size_t n,
                        bool is_last)
{
    struct exchange *e = exchange_of(rq);

    PEL_ASSERT(rq->has_head);
    for (size_t i = 0; i < n && !e->is_gone; i++) {
        pel_buf_add_str(&e->body, pieces[i].bytes);
        rq->rec.bytes_out += pieces[i].bytes.len;
    }
    return written(e);
}

static int op_send_file(struct pel_request *rq, int fd, uint64_t offset, uint64_t len, bool is_last)
{
    struct exchange *e = exchange_of(rq);
    ssize_t got = pread(fd, pel_buf_reserve(&e->body, len), len, (off_t)offset);

    PEL_ASSERT(rq->has_head && got >= 0);
    e->body.len += (size_t)got;
    return written(e);
}

static int op_send_interim(struct pel_request *rq, uint16_t status, const struct pel_field *fields,
                           size_t n_fields, struct pel_err *err)
{
    struct exchange *e = exchange_of(rq);

    if (pel_response_interim(&e->interim, status, fields, n_fields, err) < 0)
        return PEL_WRITE_BAD;
    return written(e);
}

/* The request's memory goes at once, so that ASan sees who touches it later. */
static void end(struct exchange *e, const char *outcome)
{
    PEL_ASSERT(!e->outcome && !e->rq.app);
    e->outcome = outcome;
    pel_http_parser_free(e->parser);
    pel_arena_reset(&e->rq.arena);
    memset(&e->rq.rec.exc_type, 0, sizeof(struct pel_str));
    Py_DECREF(e); /* of the transport */
}

static void op_finish(struct pel_request *rq, const struct pel_field *trailers, size_t n_trailers)
{
    struct exchange *e = exchange_of(rq);

    PEL_ASSERT(rq->has_head);
    for (size_t i = 0; i < n_trailers; i++)
        pel_buf_addf(&e->trailers, "%.*s: %.*s\n", (int)trailers[i].name.len, trailers[i].name.p,
                     (int)trailers[i].value.len, trailers[i].value.p);
    end(e, "finish");
}

static void op_abort(struct pel_request *rq)
{
    end(exchange_of(rq), "abort");
}

static bool op_is_writable(const struct pel_request *rq)
{
    return !exchange_of(rq)->is_full;
}

static const struct pel_request_ops ops = {
    .read = op_read,
    .readable = op_readable,
    .send_head = op_send_head,
    .flush = op_flush,
    .send_body = op_send_body,
    .send_file = op_send_file,
    .send_interim = op_send_interim,
    .finish = op_finish,
    .abort = op_abort,
    .is_writable = op_is_writable,
};

/* --- Request: what the client does --- */

/* Tells the gateway, unless it is done with the request. */
static PyObject *tell(struct exchange *e, void (*event)(struct pel_request *))
{
    if (!e->outcome)
        event(&e->rq);
    PEL_ASSERT(!PyErr_Occurred());
    Py_RETURN_NONE;
}

/* feed(bytes, is_end=False) */
static PyObject *feed(PyObject *self, PyObject *args)
{
    struct exchange *e = (struct exchange *)self;
    const char *p;
    Py_ssize_t len;
    int is_end = 0;

    if (!PyArg_ParseTuple(args, "y#|p", &p, &len, &is_end))
        return NULL;
    pel_buf_add(&e->input, p, (size_t)len);
    e->is_input_complete = (char)is_end;
    return tell(e, pel_gateway_asgi.on_body);
}

/* leave(only_sending=False): the client is gone, or has only said that it sends no more. */
static PyObject *leave(PyObject *self, PyObject *args)
{
    struct exchange *e = (struct exchange *)self;
    int only_sending = 0;

    if (!PyArg_ParseTuple(args, "|p", &only_sending))
        return NULL;
    e->is_gone = !only_sending;
    if (!e->outcome)
        pel_gateway_asgi.on_gone(&e->rq, only_sending);
    PEL_ASSERT(!PyErr_Occurred());
    Py_RETURN_NONE;
}

static PyObject *drain(PyObject *self, PyObject *unused)
{
    ((struct exchange *)self)->is_full = 0;
    return tell((struct exchange *)self, pel_gateway_asgi.on_drain);
}

/* breaks(): what arrives of the body next is bad. */
static PyObject *break_input(PyObject *self, PyObject *unused)
{
    ((struct exchange *)self)->is_input_broken = 1;
    return tell((struct exchange *)self, pel_gateway_asgi.on_body);
}

static PyMethodDef request_methods[] = {{"feed", feed, METH_VARARGS, NULL},
                                        {"leave", leave, METH_VARARGS, NULL},
                                        {"drain", drain, METH_NOARGS, NULL},
                                        {"breaks", break_input, METH_NOARGS, NULL},
                                        {NULL, NULL, 0, NULL}};

static PyObject *get_buf(PyObject *self, void *offset)
{
    const struct pel_buf *b = (const struct pel_buf *)((char *)self + (size_t)(uintptr_t)offset);

    return PyBytes_FromStringAndSize(b->len ? b->p : "", (Py_ssize_t)b->len);
}

static PyObject *get_outcome(PyObject *self, void *unused)
{
    const char *outcome = ((struct exchange *)self)->outcome;

    return outcome ? PyUnicode_FromString(outcome) : Py_NewRef(Py_None);
}

static PyObject *get_record(PyObject *self, void *unused)
{
    const struct pel_request *rq = &((struct exchange *)self)->rq;
    const struct pel_record *rec = &rq->rec;
    const uint64_t *s = rec->stamp_ns;

    return Py_BuildValue("{s:s,s:i,s:O,s:O}", "error", pel_error_text(rec->error), "status",
                         (int)rec->status, "is_stamped",
                         s[PEL_STAMP_APP_END] >= s[PEL_STAMP_APP_START] && s[PEL_STAMP_APP_START]
                             ? Py_True
                             : Py_False,
                         "is_begun", rq->has_head ? Py_True : Py_False);
}

#define BUF(member)                                                                                \
    {                                                                                              \
#member, get_buf, NULL, NULL, (void *)offsetof(struct exchange, member)                    \
    }
static PyGetSetDef request_getset[] = {BUF(head),
                                       BUF(body),
                                       BUF(interim),
                                       BUF(trailers),
                                       BUF(input),
                                       {"outcome", get_outcome, NULL, NULL, NULL},
                                       {"record", get_record, NULL, NULL, NULL},
                                       {NULL, NULL, NULL, NULL, NULL}};

static PyMemberDef request_members[] = {
    {"is_full", T_BOOL, offsetof(struct exchange, is_full), 0, NULL},
    {"n_flushed", T_UINT, offsetof(struct exchange, n_flushed), READONLY, NULL},
    {"n_continued", T_UINT, offsetof(struct exchange, n_continued), READONLY, NULL},
    {NULL, 0, 0, 0, NULL}};

static void request_dealloc(PyObject *self)
{
    struct exchange *e = (struct exchange *)self;

    pel_buf_fini(&e->input);
    pel_buf_fini(&e->head);
    pel_buf_fini(&e->body);
    pel_buf_fini(&e->interim);
    pel_buf_fini(&e->trailers);
    PyObject_Free(self);
}

static PyTypeObject request_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "_fake_loop.Request",
    .tp_basicsize = sizeof(struct exchange),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_methods = request_methods,
    .tp_getset = request_getset,
    .tp_members = request_members,
    .tp_dealloc = request_dealloc,
};

/* --- the module --- */

/* start(raw head): a Request, which the gateway has begun. From a callback of the loop. */
static PyObject *start(PyObject *module, PyObject *raw)
{
    struct exchange *e;

    if (!PyBytes_Check(raw))
        return PyErr_Format(PyExc_TypeError, "bytes");
    e = PyObject_New(struct exchange, &request_type);
    if (!e)
        return NULL;
    memset((char *)e + offsetof(struct exchange, rq), 0,
           sizeof(*e) - offsetof(struct exchange, rq));
    e->rq.ops = &ops;
    e->parser = fake_parse(&e->rq, PyBytes_AS_STRING(raw), (size_t)PyBytes_GET_SIZE(raw));
    PEL_ASSERT(e->rq.head != NULL);
    fake_connect(&e->rq, false);
    pel_record_stamp(&e->rq.rec, PEL_STAMP_FIRST_BYTE, pel_now_ns());
    Py_INCREF(e); /* of the transport */
    pel_gateway_asgi.respond(&e->rq);
    PEL_ASSERT(!PyErr_Occurred());
    return (PyObject *)e;
}

/* The test's own affair. */
static void cancel_no_tasks(PyObject *loop)
{
}

/* open(app, doc, loop) */
static PyObject *open_gateway(PyObject *module, PyObject *args)
{
    struct pel_gateway_env env = {.conf = &fake_conf, .probes = &probes};
    PyObject *app, *doc, *loop;
    struct pel_err err;

    if (!PyArg_ParseTuple(args, "OOO", &app, &doc, &loop) || fake_load(doc) < 0)
        return NULL;
    env.loop = loop;
    env.cancel_tasks = cancel_no_tasks;
    if (pel_gateway_asgi.open(&env, app, &err) == 0)
        Py_RETURN_NONE;
    pel_conf_fini(&fake_conf);
    return fake_raise(&err);
}

static PyObject *close_gateway(PyObject *module, PyObject *unused)
{
    pel_gateway_asgi.close(0);
    pel_conf_fini(&fake_conf);
    PEL_ASSERT(fake_n_entered == fake_n_left && !PyErr_Occurred());
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {{"open", open_gateway, METH_VARARGS, NULL},
                                {"start", start, METH_O, NULL},
                                {"close", close_gateway, METH_NOARGS, NULL},
                                {NULL, NULL, 0, NULL}};

static struct PyModuleDef module_def = {
    PyModuleDef_HEAD_INIT, "_fake_loop", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__fake_loop(void);
PyMODINIT_FUNC PyInit__fake_loop(void)
{
    return PyType_Ready(&request_type) < 0 ? NULL : PyModule_Create(&module_def);
}
