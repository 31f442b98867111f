#include "gateway/wsgi.h"
#include "http/field.h"

/* What PEP 3333 forbids an app to send (RFC 2616 13.5.1): the connection is the server's. */
static const struct pel_str hop_by_hop[] = {
    {"connection", 10},          {"keep-alive", 10}, {"proxy-authenticate", 18},
    {"proxy-authorization", 19}, {"te", 2},          {"trailers", 8},
    {"transfer-encoding", 17},   {"upgrade", 7},     {"proxy-connection", 16},
};
/* A bit for each of their lengths: most names are none of them by that alone. */
#define HOP_BY_HOP_LENGTHS                                                                         \
    (1U << 2 | 1U << 7 | 1U << 8 | 1U << 10 | 1U << 16 | 1U << 17 | 1U << 18 | 1U << 19)

static bool is_hop_by_hop(struct pel_str name)
{
    if (name.len > 19 || !(HOP_BY_HOP_LENGTHS >> name.len & 1))
        return false;
    for (size_t i = 0; i < PEL_ARRAY_LEN(hop_by_hop); i++)
        if (pel_str_ieq(name, hop_by_hop[i]))
            return true;
    return false;
}

/* The bytes of a str whose characters are all latin-1; borrowed from it. */
static int latin_1(PyObject *str, PyObject *field, const char *what, struct pel_str *out)
{
    if (!PyUnicode_Check(str)) {
        PyErr_Format(PyExc_TypeError, "the %s of header field %R is of type %s, not str", what,
                     field, Py_TYPE(str)->tp_name);
        return -1;
    }
    if (!pel_py_latin_1(str, out)) {
        PyErr_Format(PyExc_ValueError, "the %s of header field %R has characters beyond latin-1",
                     what, field);
        return -1;
    }
    return 0;
}

static int check_field(PyObject *item, struct pel_field *out)
{
    struct pel_err err;

    if (!PyTuple_Check(item) || PyTuple_GET_SIZE(item) != 2) {
        PyErr_Format(PyExc_TypeError, "header field %R is not a (name, value) tuple", item);
        return -1;
    }
    if (latin_1(PyTuple_GET_ITEM(item, 0), item, "name", &out->name) < 0 ||
        latin_1(PyTuple_GET_ITEM(item, 1), item, "value", &out->value) < 0)
        return -1;
    if (pel_field_check(out, &err) < 0) {
        PyErr_SetString(PyExc_ValueError, err.text);
        return -1;
    }
    if (is_hop_by_hop(out->name)) {
        PyErr_Format(PyExc_ValueError,
                     "header field %R is hop-by-hop: it belongs to the server (PEP 3333)", item);
        return -1;
    }
    return 0;
}

static struct pel_str move(char **to, struct pel_str s)
{
    char *copy = *to;

    memcpy(copy, s.p, s.len);
    *to += s.len;
    return pel_str(copy, s.len);
}

int pel_wsgi_fields(struct pel_request *rq, PyObject *list, struct pel_field **fields, size_t *n)
{
    struct pel_field *out;
    size_t len = 0;
    char *to;

    if (!PyList_Check(list)) {
        PyErr_Format(PyExc_TypeError, "the header fields are of type %s, not list",
                     Py_TYPE(list)->tp_name);
        return -1;
    }
    *n = (size_t)PyList_GET_SIZE(list);
    *fields = out = pel_arena_alloc(&rq->arena, *n * sizeof(*out));
    for (size_t i = 0; i < *n; i++) {
        if (check_field(PyList_GET_ITEM(list, (Py_ssize_t)i), &out[i]) < 0)
            return -1;
        len += out[i].name.len + out[i].value.len;
    }
    /* The app may change list and tuples later: what counts is what they hold now. */
    to = pel_arena_alloc(&rq->arena, len);
    for (size_t i = 0; i < *n; i++) {
        out[i].name = move(&to, out[i].name);
        out[i].value = move(&to, out[i].value);
    }
    return 0;
}
