#include "gateway/asgi_exchange.h"

/* The iterable as a sequence whose items can be had: new reference, or NULL with TypeError. */
static PyObject *sequence(PyObject *iterable, const char *what)
{
    if (PyList_CheckExact(iterable) || PyTuple_CheckExact(iterable))
        return Py_NewRef(iterable);
    if (PyUnicode_Check(iterable) || PyBytes_Check(iterable)) {
        PyErr_Format(PyExc_TypeError, "%s, not %.100s", what, Py_TYPE(iterable)->tp_name);
        return NULL;
    }
    return PySequence_Fast(iterable, what);
}

/* Copies bytes, or what else has a buffer. 0, or -1 with BufferError or TypeError. */
static int copy_bytes(struct pel_request *rq, PyObject *bytes, struct pel_str *out)
{
    Py_buffer view;

    if (PEL_LIKELY(PyBytes_CheckExact(bytes))) {
        *out = pel_arena_dup(&rq->arena,
                             pel_str(PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes)));
        return 0;
    }
    if (PyObject_GetBuffer(bytes, &view, PyBUF_SIMPLE) < 0)
        return -1;
    *out = pel_arena_dup(&rq->arena, pel_str(view.buf, (size_t)view.len));
    PyBuffer_Release(&view);
    return 0;
}

/* Says which header it was, in place of the exception that copy_bytes has set. */
static int raise_no_bytes(const char *what, PyObject *name, PyObject *value)
{
    PyErr_Clear();
    PyErr_Format(PyExc_TypeError, "the %s of header %R must be bytes, not %.100s", what, name,
                 Py_TYPE(value)->tp_name);
    return -1;
}

/* Takes the references: code of the app that a buffer runs may change the pair. */
static int copy_pair(struct pel_request *rq, PyObject *name, PyObject *value, struct pel_field *out)
{
    int rc = 0;

    if (copy_bytes(rq, name, &out->name) < 0)
        rc = raise_no_bytes("name", name, name);
    else if (copy_bytes(rq, value, &out->value) < 0)
        rc = raise_no_bytes("value", name, value);
    Py_DECREF(name);
    Py_DECREF(value);
    return rc;
}

/* Steals pair; NULL stands for an exception. */
static int read_pair(struct pel_request *rq, PyObject *pair, struct pel_field *out)
{
    int rc = -1;

    if (!pair)
        return -1;
    if (PySequence_Fast_GET_SIZE(pair) != 2)
        PyErr_Format(PyExc_ValueError, "a header must be a [name, value] pair, not %zd items",
                     PySequence_Fast_GET_SIZE(pair));
    else
        rc = copy_pair(rq, Py_NewRef(PySequence_Fast_GET_ITEM(pair, 0)),
                       Py_NewRef(PySequence_Fast_GET_ITEM(pair, 1)), out);
    Py_DECREF(pair);
    return rc;
}

static int read_header(struct pel_request *rq, PyObject *item, struct pel_field *out)
{
    return read_pair(rq, sequence(item, "a header must be a [name, value] pair"), out);
}

static int read_link(struct pel_request *rq, PyObject *item, struct pel_field *out)
{
    out->name = PEL_STR("link");
    return copy_bytes(rq, item, &out->value);
}

/* Room for n more fields behind those that are there. */
static struct pel_field *extend(struct pel_request *rq, struct pel_asgi_fields *fields, size_t n)
{
    struct pel_field *items = pel_arena_alloc(&rq->arena, (fields->n + n + 1) * sizeof(*items));

    if (fields->n)
        memcpy(items, fields->items, fields->n * sizeof(*items));
    fields->items = items;
    return items + fields->n;
}

static bool is_event_stream(const struct pel_field *f)
{
    struct pel_str type = PEL_STR("text/event-stream");

    return f->name.len == sizeof("content-type") - 1 && f->value.len >= type.len &&
           pel_str_ieq(f->name, PEL_STR("content-type")) &&
           pel_str_ieq(pel_str(f->value.p, type.len), type);
}

/* Appends what read makes of each item; steals items, NULL stands for an exception. */
static int append(struct pel_request *rq, PyObject *items, struct pel_asgi_fields *out,
                  int (*read)(struct pel_request *, PyObject *, struct pel_field *))
{
    Py_ssize_t n = items ? PySequence_Fast_GET_SIZE(items) : 0;
    struct pel_field *f = extend(rq, out, (size_t)n);
    int rc = items ? 0 : -1;

    /* Reading an item may run code of the app, which may change a list. */
    for (Py_ssize_t i = 0; rc == 0 && i < n && i < PySequence_Fast_GET_SIZE(items); i++, f++) {
        PyObject *item = Py_NewRef(PySequence_Fast_GET_ITEM(items, i));

        rc = read(rq, item, f);
        Py_DECREF(item);
        if (rc < 0)
            break;
        out->is_event_stream |= is_event_stream(f);
        out->n++;
    }
    Py_XDECREF(items);
    return rc;
}

int pel_asgi_fields_read(struct pel_request *rq, PyObject *headers, struct pel_asgi_fields *out)
{
    const char *what = "headers must be an iterable of [name, value] pairs";

    return append(rq, sequence(headers, what), out, read_header);
}

int pel_asgi_fields_links(struct pel_request *rq, PyObject *links, struct pel_asgi_fields *out)
{
    return append(rq, sequence(links, "links must be an iterable of bytes"), out, read_link);
}
