/*
 * py - the only door to Python.h, and the only place that knows one CPython from another.
 *
 * Included by src/gateway, src/worker, src/supervisor and the extension modules; never by base,
 * conf, http, probe or observer/ (but for its module file).
 */
#ifndef PELLUCID_PY_H
#define PELLUCID_PY_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include "pellucid/base.h"

#if PY_VERSION_HEX < 0x030B0000
#error "Pellucid needs CPython 3.11 or newer"
#endif

#define PEL_PY_HAS_EAGER_TASK (PY_VERSION_HEX >= 0x030C0000)
#define PEL_PY_HAS_DICT_VERSION (PY_VERSION_HEX < 0x030E0000)

/* Another number, whenever the dict or another one has been changed; 0 where Python counts none. */
static inline uint64_t pel_py_dict_version(PyObject *dict)
{
#if PEL_PY_HAS_DICT_VERSION
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    return ((PyDictObject *)dict)->ma_version_tag;
#pragma GCC diagnostic pop
#else
    return 0;
#endif
}

/* Takes the exception that is set, normalised and with its traceback: a new reference, or NULL. */
static inline PyObject *pel_py_take_exception(void)
{
#if PY_VERSION_HEX >= 0x030C0000
    return PyErr_GetRaisedException();
#else
    PyObject *type, *value, *traceback;

    PyErr_Fetch(&type, &value, &traceback);
    if (!type)
        return NULL;
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback)
        PyException_SetTraceback(value, traceback);
    Py_DECREF(type);
    Py_XDECREF(traceback);
    return value;
#endif
}

/* Sets exc as the exception; steals the reference. */
static inline void pel_py_give_exception(PyObject *exc)
{
#if PY_VERSION_HEX >= 0x030C0000
    PyErr_SetRaisedException(exc);
#else
    PyErr_Restore(Py_NewRef(Py_TYPE(exc)), exc, PyException_GetTraceback(exc));
#endif
}

/* obj.name as a new reference, or NULL without an exception when it has none (or failed). */
static inline PyObject *pel_py_attr(PyObject *obj, PyObject *name)
{
    PyObject *value;

#if PY_VERSION_HEX >= 0x030D0000
    if (PyObject_GetOptionalAttr(obj, name, &value) < 0)
        PyErr_Clear();
#else
    value = PyObject_GetAttr(obj, name);
    if (!value)
        PyErr_Clear();
#endif
    return value;
}

/* The value of a variable of a function that is running: a new reference, or NULL without an
 * exception when it has none. */
static inline PyObject *pel_py_frame_variable(PyFrameObject *frame, PyObject *name)
{
#if PY_VERSION_HEX >= 0x030C0000
    PyObject *value = PyFrame_GetVar(frame, name);
#else
    PyObject *locals = PyFrame_GetLocals(frame), *value;

    value = locals && PyDict_Check(locals) ? PyDict_GetItemWithError(locals, name) : NULL;
    Py_XINCREF(value);
    Py_XDECREF(locals);
#endif
    if (!value)
        PyErr_Clear();
    return value;
}

/* The UTF-8 of a str, borrowed from it. False, without an exception and with an empty *out, when
 * str is NULL, no str at all, or one that has none: names of files may hold lone surrogates. */
static inline bool pel_py_utf8(PyObject *str, struct pel_str *out)
{
    Py_ssize_t len;
    const char *p = str && PyUnicode_Check(str) ? PyUnicode_AsUTF8AndSize(str, &len) : NULL;

    *out = p ? pel_str(p, (size_t)len) : PEL_STR("");
    if (!p)
        PyErr_Clear();
    return p != NULL;
}

/* The characters of a str as bytes, borrowed from it; false when some are beyond latin-1. */
static inline bool pel_py_latin_1(PyObject *str, struct pel_str *out)
{
#if PY_VERSION_HEX < 0x030C0000
    if (PyUnicode_READY(str) < 0) {
        PyErr_Clear();
        return false;
    }
#endif
    if (PyUnicode_KIND(str) != PyUnicode_1BYTE_KIND)
        return false;
    *out = pel_str((const char *)PyUnicode_1BYTE_DATA(str), (size_t)PyUnicode_GET_LENGTH(str));
    return true;
}

#endif
