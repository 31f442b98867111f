#include "gateway/api.h"

static bool read_number(PyObject *value, struct pel_attribute *a)
{
    int overflow = 0;

    if (PyBool_Check(value)) {
        a->type = PEL_ATTRIBUTE_BOOL;
        a->integer = value == Py_True;
        return true;
    }
    if (PyFloat_Check(value)) {
        a->type = PEL_ATTRIBUTE_FLOAT;
        a->real = PyFloat_AS_DOUBLE(value);
        return true;
    }
    if (!PyLong_Check(value))
        return false;
    a->type = PEL_ATTRIBUTE_INT;
    a->integer = PyLong_AsLongLongAndOverflow(value, &overflow);
    return overflow == 0;
}

/* Fills in the value. *keeper is a new reference to what its text is borrowed from, or NULL. */
static bool read_value(PyObject *value, struct pel_attribute *a, PyObject **keeper)
{
    *keeper = NULL;
    if (!PyUnicode_Check(value)) {
        if (read_number(value, a))
            return true;
        value = *keeper = PyObject_Str(value);
    }
    a->type = PEL_ATTRIBUTE_STR;
    return pel_py_utf8(value, &a->text);
}

void pel_api_attribute(char **room, size_t *len, PyObject *key, PyObject *value)
{
    struct pel_attribute a = {.type = PEL_ATTRIBUTE_STR};
    PyObject *keeper = NULL;

    if (pel_py_utf8(key, &a.key) && read_value(value, &a, &keeper)) {
        if (!*room)
            *room = PyMem_Malloc(PEL_ATTRIBUTE_PACKED_MAX);
        if (*room)
            *len = pel_attribute_put(*room, *len, &a);
    }
    Py_XDECREF(keeper);
    PyErr_Clear();
}
