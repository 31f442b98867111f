#include "gateway/wsgi.h"
#include "http/field.h"

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
