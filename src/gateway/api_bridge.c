#include "gateway/api.h"

static bool is_loaded(const char *module_name)
{
    PyObject *name = PyUnicode_FromString(module_name);
    PyObject *module = name ? PyImport_GetModule(name) : NULL;

    PyErr_Clear();
    Py_XDECREF(name);
    Py_XDECREF(module);
    return module != NULL;
}

/* 0, or -1: an SDK that is not whole, which is the app's affair. */
static int load(void)
{
    PyObject *module = PyImport_ImportModule("pellucid.bridge");

    if (module)
        pel_api.bridge = PyObject_GetAttrString(module, "enter");
    Py_XDECREF(module);
    if (pel_api.bridge)
        return 0;
    PyErr_WriteUnraisable(Py_None);
    return -1;
}

/* The app, which is served already, is about to import the SDK: often in a request, whose spans are
 * to be below ours as well. */
static PyObject *on_import(PyObject *self, PyObject *unused)
{
    PyObject *scope;

    if (pel_api.finder && !pel_api.bridge && load() == 0) {
        scope = pel_api_current();
        if (scope)
            pel_api_bridge_cross();
        PyErr_Clear();
        Py_XDECREF(scope);
    }
    Py_RETURN_NONE;
}

static PyMethodDef on_import_def = {"sdk_imported", on_import, METH_NOARGS, NULL};

static void watch_imports(void)
{
    PyObject *module = PyImport_ImportModule("pellucid.sdk");
    PyObject *function = module ? PyCFunction_New(&on_import_def, NULL) : NULL;

    if (function)
        pel_api.finder = PyObject_CallMethod(module, "watch", "O", function);
    if (!pel_api.finder)
        PyErr_WriteUnraisable(Py_None);
    Py_XDECREF(function);
    Py_XDECREF(module);
}

void pel_api_bridge_open(void)
{
    if (!pel_api.hands_trace_on)
        return;
    if (is_loaded("opentelemetry.sdk.trace"))
        load();
    else if (is_loaded("pellucid")) /* a process of the server */
        watch_imports();
}

void pel_api_bridge_close(void)
{
    PyObject *removed = NULL;

    if (pel_api.finder) {
        removed = PyObject_CallMethod(pel_api.finder, "remove", NULL);
        if (!removed)
            PyErr_WriteUnraisable(pel_api.finder);
    }
    Py_XDECREF(removed);
    Py_CLEAR(pel_api.finder);
    Py_CLEAR(pel_api.bridge);
}

void pel_api_bridge_cross(void)
{
    PyObject *result = PyObject_CallNoArgs(pel_api.bridge);

    if (!result)
        PyErr_WriteUnraisable(pel_api.bridge);
    Py_XDECREF(result);
}
