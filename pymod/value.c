#include "value.h"
#include "pellucid/mem.h"

/* Where a conversion stands: the dotted name of the present value, "" for the document. */
struct place {
    PyObject *sources; /* borrowed; a dict or None */
    PyObject *name;    /* borrowed; str */
};

static int convert(struct pel_value *out, PyObject *obj, const struct place *place);

/* Borrowed reference to sources[name], or NULL; an exception is set only after a failure. */
static PyObject *source_of(const struct place *place, PyObject *name)
{
    return place->sources == Py_None ? NULL : PyDict_GetItemWithError(place->sources, name);
}

static int refuse(const struct place *place, PyObject *obj, const char *allowed)
{
    PyObject *empty = PyUnicode_FromString("");
    PyObject *source = source_of(place, place->name);

    if (!source && empty && !PyErr_Occurred())
        source = source_of(place, empty);
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_ValueError, "%S: %U: found %.80R, allowed is %s",
                     source ? source : Py_None, place->name, obj, allowed);
    Py_XDECREF(empty);
    return -1;
}

/* A copy of str as UTF-8; bytes that came in undecodable (argv, environment) are as they were. */
static char *dup_text(const struct place *place, PyObject *str)
{
    PyObject *bytes = PyUnicode_AsEncodedString(str, "utf-8", "surrogateescape");
    char *copy = NULL, *p;
    Py_ssize_t len;

    if (!bytes)
        return NULL;
    PyBytes_AsStringAndSize(bytes, &p, &len);
    if (memchr(p, '\0', (size_t)len))
        refuse(place, str, "text without NUL characters");
    else
        copy = pel_mem_dup(pel_str(p, (size_t)len));
    Py_DECREF(bytes);
    return copy;
}

static int convert_string(struct pel_value *out, PyObject *obj, const struct place *place)
{
    out->kind = PEL_VALUE_STRING;
    out->string = dup_text(place, obj);
    return out->string ? 0 : -1;
}

static int convert_int(struct pel_value *out, PyObject *obj, const struct place *place)
{
    int overflow;

    out->kind = PyBool_Check(obj) ? PEL_VALUE_BOOL : PEL_VALUE_INT;
    out->integer = PyLong_AsLongLongAndOverflow(obj, &overflow);
    if (overflow)
        return refuse(place, obj, "a number of 64 bits");
    return 0;
}

static int convert_float(struct pel_value *out, PyObject *obj)
{
    out->kind = PEL_VALUE_FLOAT;
    out->real = PyFloat_AS_DOUBLE(obj);
    return 0;
}

static int convert_list(struct pel_value *out, PyObject *obj, const struct place *place)
{
    out->kind = PEL_VALUE_ARRAY;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(obj); i++)
        if (convert(pel_value_add(out, NULL), PyList_GET_ITEM(obj, i), place) < 0)
            return -1;
    return 0;
}

static int add_source(struct pel_value *v, const struct place *place)
{
    PyObject *source = source_of(place, place->name);

    if (source && PyUnicode_Check(source))
        v->source = dup_text(place, source);
    return PyErr_Occurred() ? -1 : 0;
}

static int convert_item(struct pel_value *table, PyObject *key, PyObject *obj,
                        const struct place *place)
{
    struct place inner = {place->sources, NULL};
    struct pel_value *child;
    char *name;
    int rc;

    if (!PyUnicode_Check(key))
        return refuse(place, key, "a string as the name of a value");
    name = dup_text(place, key);
    if (!name)
        return -1;
    child = pel_value_add(table, name);
    free(name);
    if (PyUnicode_GET_LENGTH(place->name) > 0)
        inner.name = PyUnicode_FromFormat("%U.%U", place->name, key);
    else
        inner.name = Py_NewRef(key);
    if (!inner.name)
        return -1;
    rc = add_source(child, &inner) < 0 ? -1 : convert(child, obj, &inner);
    Py_DECREF(inner.name);
    return rc;
}

static int convert_dict(struct pel_value *out, PyObject *obj, const struct place *place)
{
    PyObject *key, *value;
    Py_ssize_t pos = 0;

    out->kind = PEL_VALUE_TABLE;
    while (PyDict_Next(obj, &pos, &key, &value))
        if (convert_item(out, key, value, place) < 0)
            return -1;
    return 0;
}

static int convert(struct pel_value *out, PyObject *obj, const struct place *place)
{
    int rc;

    if (PyUnicode_Check(obj))
        return convert_string(out, obj, place);
    if (PyLong_Check(obj))
        return convert_int(out, obj, place);
    if (PyFloat_Check(obj))
        return convert_float(out, obj);
    if (!PyList_Check(obj) && !PyDict_Check(obj))
        return refuse(place, obj, "a string, a number, true, false, a list or a table");
    if (Py_EnterRecursiveCall(" in a configuration") != 0)
        return -1;
    rc = PyList_Check(obj) ? convert_list(out, obj, place) : convert_dict(out, obj, place);
    Py_LeaveRecursiveCall();
    return rc;
}

int pel_value_from_python(struct pel_value *out, PyObject *obj, PyObject *sources)
{
    struct pel_value v = {.kind = PEL_VALUE_STRING};
    struct place place = {sources, NULL};
    int rc = -1;

    if (sources != Py_None && !PyDict_Check(sources)) {
        PyErr_SetString(PyExc_TypeError, "sources must be a dict or None");
        return -1;
    }
    place.name = PyUnicode_FromString("");
    if (place.name && add_source(&v, &place) == 0)
        rc = convert(&v, obj, &place);
    Py_XDECREF(place.name);
    if (rc < 0) {
        pel_value_fini(&v);
        return -1;
    }
    *out = v;
    return 0;
}
