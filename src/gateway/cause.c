#include "gateway/cause.h"

#include "pellucid/base.h"
#include "gateway/strings.h"

#define DEPTH_MAX 16 /* of apps in each other */

/* Which exception a framework raises in which of its modules, and where it has the app's. Apps
 * raise these themselves, too. */
static const struct {
    const char *module, *type, *raised_in;
    enum { IS_CAUSE, IS_CONTEXT, IS_ONLY_MEMBER } place;
} replacements[] = {
    {"litestar.exceptions.base_exceptions", "LitestarException",
     "litestar.middleware._internal.exceptions.middleware", IS_CAUSE},
    {"builtins", "ExceptionGroup", "litestar.response.streaming", IS_ONLY_MEMBER},
    {"starlette.requests", "ClientDisconnect", "starlette.responses", IS_CONTEXT},
};

static bool is_text(PyObject *object, const char *text)
{
    return object && PyUnicode_Check(object) && PyUnicode_CompareWithASCIIString(object, text) == 0;
}

static bool is_of_type(PyObject *exc, const char *module_name, const char *type_name)
{
    PyObject *type = (PyObject *)Py_TYPE(exc);
    PyObject *module = pel_py_attr(type, pel_interned.module);
    PyObject *name = pel_py_attr(type, pel_interned.qualname);
    bool result = is_text(module, module_name) && is_text(name, type_name);

    Py_XDECREF(module);
    Py_XDECREF(name);
    return result;
}

/* The module of a traceback's frame: a new reference, or NULL. */
static PyObject *module_of(PyObject *traceback)
{
    PyObject *globals = PyFrame_GetGlobals(((PyTracebackObject *)traceback)->tb_frame);
    PyObject *name = Py_XNewRef(PyDict_GetItemWithError(globals, pel_interned.name));

    PyErr_Clear();
    Py_DECREF(globals);
    return name;
}

/* A task group of anyio raises for whom it is of. */
static bool is_of_anyio(PyObject *module)
{
    struct pel_str name;

    return pel_py_utf8(module, &name) && name.len > 6 && memcmp(name.p, "anyio.", 6) == 0;
}

static bool was_raised_in(PyObject *exc, const char *module_name)
{
    PyObject *traceback = PyException_GetTraceback(exc);
    bool result = false;

    for (PyObject *at = traceback; at && PyTraceBack_Check(at);
         at = (PyObject *)((PyTracebackObject *)at)->tb_next) {
        PyObject *module = module_of(at);

        if (!is_of_anyio(module))
            result = is_text(module, module_name);
        Py_XDECREF(module);
    }
    Py_XDECREF(traceback);
    return result;
}

static PyObject *only_member(PyObject *group)
{
    PyObject *members = PyObject_GetAttrString(group, "exceptions"), *only = NULL;

    if (members && PyTuple_Check(members) && PyTuple_GET_SIZE(members) == 1)
        only = Py_NewRef(PyTuple_GET_ITEM(members, 0));
    PyErr_Clear();
    Py_XDECREF(members);
    return only;
}

/* A new reference, or NULL. */
static PyObject *behind(PyObject *exc)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(replacements); i++) {
        if (!is_of_type(exc, replacements[i].module, replacements[i].type) ||
            !was_raised_in(exc, replacements[i].raised_in))
            continue;
        switch (replacements[i].place) {
        case IS_CAUSE:
            return PyException_GetCause(exc);
        case IS_CONTEXT:
            return PyException_GetContext(exc);
        case IS_ONLY_MEMBER:
            return only_member(exc);
        }
    }
    return NULL;
}

PyObject *pel_cause_find(PyObject *exc)
{
    PyObject *found = Py_NewRef(exc), *next;

    for (unsigned i = 0; i < DEPTH_MAX && (next = behind(found)); i++)
        Py_SETREF(found, next);
    return found;
}
