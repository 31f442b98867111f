#include "gateway/wsgi.h"

/* How much is asked of the transport at once, for lines and for bodies of unknown length. */
#define FILL_LEN 16384

/* wsgi.input: the request body as it arrives. Only lines need a buffer, and only their rest stays
 * in it; read(n) is filled by the transport directly. */
struct input {
    PyObject ob_base;
    struct pel_exchange *x; /* owned */
    char *buf;              /* owned; NULL until the first readline */
    size_t pos, len;        /* what is left in buf */
    bool is_at_end;         /* the transport has nothing more */
};

#define FREE_MAX 64

static PyObject *free_objects[FREE_MAX];
static size_t n_free;

/* --- bytes from the transport; the exchange is entered --- */

static size_t take_buffered(struct input *in, char *to, size_t max)
{
    size_t n = in->len - in->pos < max ? in->len - in->pos : max;

    if (n) {
        memcpy(to, in->buf + in->pos, n);
        in->pos += n;
    }
    return n;
}

/* As ops->read: up to max bytes, 0 at the end, -1 with an exception. */
static int64_t read_some(struct input *in, char *to, size_t max)
{
    struct pel_request *rq = in->x->rq;
    int64_t n;

    if (in->is_at_end || max == 0)
        return 0;
    n = rq->ops->read(rq, to, max);
    if (n < 0) {
        pel_exchange_raise_gone(rq, "the request body was read");
        return -1;
    }
    in->is_at_end = n == 0;
    return n;
}

/* How many bytes may come at most, as far as the head tells; SIZE_MAX for chunked bodies. */
static size_t most_left(const struct input *in)
{
    const struct pel_request *rq = in->x->rq;

    if (in->is_at_end)
        return in->len - in->pos;
    if (rq->head->content_length < 0)
        return SIZE_MAX;
    return (size_t)rq->head->content_length;
}

/* Doubles *data, which is full, up to max. 0, or -1: *data is gone, an exception is set. */
static int grow(PyObject **data, size_t max)
{
    size_t cap = (size_t)PyBytes_GET_SIZE(*data);

    return _PyBytes_Resize(data, (Py_ssize_t)(cap < max / 2 ? cap * 2 : max));
}

/* Reads until max bytes are there or the body ends: a new bytes object. It grows with what has
 * really arrived, not with what a client promises. */
static PyObject *read_up_to(struct input *in, size_t max)
{
    size_t most = most_left(in), buffered = in->len - in->pos, len;
    PyObject *data;
    int64_t n = 1;

    max = max < most ? max : most;
    len = buffered > FILL_LEN ? buffered : FILL_LEN;
    data = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(len < max ? len : max));
    if (!data)
        return NULL;
    len = take_buffered(in, PyBytes_AS_STRING(data), max);
    while (len < max && n > 0) {
        if (len == (size_t)PyBytes_GET_SIZE(data) && grow(&data, max) < 0)
            return NULL;
        n = read_some(in, PyBytes_AS_STRING(data) + len, (size_t)PyBytes_GET_SIZE(data) - len);
        len += n > 0 ? (size_t)n : 0;
    }
    if (n < 0)
        Py_CLEAR(data);
    else if (len < (size_t)PyBytes_GET_SIZE(data))
        _PyBytes_Resize(&data, (Py_ssize_t)len);
    return data;
}

/* 1 with bytes in buf, 0 at the end, -1 with an exception. */
static int fill(struct input *in)
{
    int64_t n;

    if (in->pos < in->len)
        return 1;
    if (!in->buf && !(in->buf = PyMem_Malloc(FILL_LEN))) {
        PyErr_NoMemory();
        return -1;
    }
    in->pos = in->len = 0;
    n = read_some(in, in->buf, FILL_LEN);
    if (n > 0)
        in->len = (size_t)n;
    return n > 0 ? 1 : (int)n;
}

/* Adds bytes to *data, NULL at first. 0, or -1: *data is gone, an exception is set. */
static int append(PyObject **data, const char *p, size_t len)
{
    size_t old = *data ? (size_t)PyBytes_GET_SIZE(*data) : 0;

    if (!*data)
        *data = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)len);
    else
        _PyBytes_Resize(data, (Py_ssize_t)(old + len));
    if (!*data)
        return -1;
    memcpy(PyBytes_AS_STRING(*data) + old, p, len);
    return 0;
}

/* A line of at most limit bytes, with its end: a new bytes object, empty at the end of the body. */
static PyObject *read_line(struct input *in, size_t limit)
{
    PyObject *line = NULL;
    bool is_whole = limit == 0;
    int more = 1;

    while (!is_whole && (more = fill(in)) > 0) {
        const char *p = in->buf + in->pos, *end;
        size_t len = in->len - in->pos < limit ? in->len - in->pos : limit;

        if ((end = memchr(p, '\n', len)))
            len = (size_t)(end - p) + 1;
        if (append(&line, p, len) < 0)
            return NULL;
        in->pos += len;
        limit -= len;
        is_whole = end || limit == 0;
    }
    if (more < 0) {
        Py_XDECREF(line);
        return NULL;
    }
    return line ? line : PyBytes_FromStringAndSize("", 0);
}

/* --- methods --- */

/* An optional size argument: None or negative means "no limit", SIZE_MAX. 0 or -1. */
static int get_size(PyObject *const *args, Py_ssize_t n, const char *method, size_t *size)
{
    Py_ssize_t value;

    *size = SIZE_MAX;
    if (n > 1) {
        PyErr_Format(PyExc_TypeError, "%s() takes at most one argument", method);
        return -1;
    }
    if (n == 0 || args[0] == Py_None)
        return 0;
    value = PyNumber_AsSsize_t(args[0], PyExc_OverflowError);
    if (value == -1 && PyErr_Occurred())
        return -1;
    if (value >= 0)
        *size = (size_t)value;
    return 0;
}

static PyObject *input_read(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    struct input *in = (struct input *)self;
    PyObject *data;
    size_t size;

    if (get_size(args, n, "read", &size) < 0 || pel_exchange_enter(in->x) < 0)
        return NULL;
    data = read_up_to(in, size);
    pel_exchange_leave(in->x);
    return data;
}

static PyObject *input_readline(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    struct input *in = (struct input *)self;
    PyObject *line;
    size_t limit;

    if (get_size(args, n, "readline", &limit) < 0 || pel_exchange_enter(in->x) < 0)
        return NULL;
    line = read_line(in, limit);
    pel_exchange_leave(in->x);
    return line;
}

/* Appends lines until hint bytes are there (SIZE_MAX: to the end). 0 or -1. */
static int read_lines(struct input *in, PyObject *list, size_t hint)
{
    size_t total = 0;

    do {
        PyObject *line = read_line(in, SIZE_MAX);
        size_t len = line ? (size_t)PyBytes_GET_SIZE(line) : 0;
        int result = !line ? -1 : len ? PyList_Append(list, line) : 0;

        Py_XDECREF(line);
        if (result < 0 || len == 0)
            return result;
        total += len;
    } while (total < hint);
    return 0;
}

static PyObject *input_readlines(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    struct input *in = (struct input *)self;
    PyObject *list;
    size_t hint;

    if (get_size(args, n, "readlines", &hint) < 0 || !(list = PyList_New(0)))
        return NULL;
    if (pel_exchange_enter(in->x) < 0) {
        Py_DECREF(list);
        return NULL;
    }
    if (read_lines(in, list, hint ? hint : SIZE_MAX) < 0)
        Py_CLEAR(list);
    pel_exchange_leave(in->x);
    return list;
}

/* Reads until the buffer is full or the body ends. The count, or -1 with an exception. */
static Py_ssize_t read_into(struct input *in, char *to, size_t size)
{
    size_t len = take_buffered(in, to, size);
    int64_t n = 0;

    while (len < size && (n = read_some(in, to + len, size - len)) > 0)
        len += (size_t)n;
    return n < 0 ? -1 : (Py_ssize_t)len;
}

static PyObject *input_readinto(PyObject *self, PyObject *buffer)
{
    struct input *in = (struct input *)self;
    Py_ssize_t n = -1;
    Py_buffer view;

    if (!PyArg_Parse(buffer, "w*:readinto", &view))
        return NULL;
    if (pel_exchange_enter(in->x) == 0) {
        n = read_into(in, view.buf, (size_t)view.len);
        pel_exchange_leave(in->x);
    }
    PyBuffer_Release(&view);
    return n < 0 ? NULL : PyLong_FromSsize_t(n);
}

static PyObject *input_next(PyObject *self)
{
    PyObject *line = input_readline(self, NULL, 0);

    if (line && PyBytes_GET_SIZE(line) == 0)
        Py_CLEAR(line);
    return line;
}

/* --- type --- */

static void dealloc(PyObject *self)
{
    struct input *in = (struct input *)self;

    Py_DECREF((PyObject *)in->x);
    PyMem_Free(in->buf);
    if (n_free < FREE_MAX)
        free_objects[n_free++] = self;
    else
        PyObject_Free(self);
}

static PyMethodDef methods[] = {
    {"read", (PyCFunction)(void (*)(void))input_read, METH_FASTCALL,
     PyDoc_STR("read([size]): waits until size bytes are there or the body has ended; b'' at its "
               "end.")},
    {"readline", (PyCFunction)(void (*)(void))input_readline, METH_FASTCALL,
     PyDoc_STR("readline([limit]): a line with its end, or its first limit bytes.")},
    {"readlines", (PyCFunction)(void (*)(void))input_readlines, METH_FASTCALL,
     PyDoc_STR("readlines([hint]): the lines up to the one that reaches hint bytes.")},
    {"readinto", input_readinto, METH_O,
     PyDoc_STR("readinto(buffer): fills a writable buffer; how many bytes it got.")},
    {NULL, NULL, 0, NULL}};

static PyTypeObject input_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "pellucid.Input",
    .tp_doc = PyDoc_STR("wsgi.input: the request body as it arrives, until its end. Raises "
                        "ConnectionResetError, TimeoutError or OSError when the client fails."),
    .tp_basicsize = sizeof(struct input),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = input_next,
    .tp_methods = methods,
    .tp_dealloc = dealloc,
};

int pel_wsgi_input_type_init(void)
{
    return PyType_Ready(&input_type);
}

PyObject *pel_wsgi_input_new(struct pel_exchange *x)
{
    struct input *in;

    if (n_free > 0)
        in = (struct input *)PyObject_Init(free_objects[--n_free], &input_type);
    else
        in = PyObject_New(struct input, &input_type);
    if (!in)
        return NULL;
    in->x = (struct pel_exchange *)Py_NewRef((PyObject *)x);
    in->buf = NULL;
    in->pos = in->len = 0;
    in->is_at_end = !x->rq->head->has_body;
    return (PyObject *)in;
}
