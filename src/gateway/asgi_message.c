#include "gateway/asgi_message.h"

#include "gateway/strings.h"

static PyObject *const *const keys[] = {
#define PEL_ASGI_KEY(name) &pel_interned.name,
    PEL_ASGI_KEY_TABLE
#undef PEL_ASGI_KEY
};

#define KEY_N PEL_ARRAY_LEN(keys)
_Static_assert(sizeof(struct pel_asgi_message) == KEY_N * sizeof(PyObject *), "a value a key");

/* Literals of a program are interned, as our keys are; what json or a codec made is not. */
static size_t find_key(PyObject *name)
{
    for (size_t i = 0; i < KEY_N; i++)
        if (name == *keys[i])
            return i;
    if (!PyUnicode_Check(name) || PyUnicode_CHECK_INTERNED(name))
        return KEY_N;
    for (size_t i = 0; i < KEY_N; i++)
        if (PyUnicode_Compare(name, *keys[i]) == 0)
            return i;
    return KEY_N;
}

static void read_values(PyObject **values, PyObject *dict)
{
    PyObject *name, *value;
    Py_ssize_t at = 0;

    while (PyDict_Next(dict, &at, &name, &value)) {
        size_t i = find_key(name);

        if (i < KEY_N)
            Py_XSETREF(values[i], Py_NewRef(value));
    }
}

int pel_asgi_message_read(struct pel_asgi_message *m, PyObject *dict)
{
    memset(m, 0, sizeof(*m));
    if (!PyDict_Check(dict)) {
        PyErr_Format(PyExc_TypeError, "send() takes a dict, not %.100s", Py_TYPE(dict)->tp_name);
        return -1;
    }
    read_values((PyObject **)m, dict);
    if (m->type && PyUnicode_Check(m->type))
        return 0;
    PyErr_SetString(m->type ? PyExc_TypeError : PyExc_ValueError,
                    "a message needs a \"type\", which is a str");
    return -1;
}

void pel_asgi_message_clear(struct pel_asgi_message *m)
{
    PyObject **values = (PyObject **)m;

    for (size_t i = 0; i < KEY_N; i++)
        Py_CLEAR(values[i]);
}
