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

void pel_api_bridge_open(void)
{
    PyObject *module;

    if (!pel_api.hands_trace_on || !is_loaded("opentelemetry.sdk.trace"))
        return;
    module = PyImport_ImportModule("pellucid.bridge");
    if (module)
        pel_api.bridge = PyObject_GetAttrString(module, "enter");
    Py_XDECREF(module);
    if (!pel_api.bridge) /* an SDK that is not whole: the app's affair */
        PyErr_WriteUnraisable(Py_None);
}

void pel_api_bridge_cross(void)
{
    PyObject *result = PyObject_CallNoArgs(pel_api.bridge);

    if (!result)
        PyErr_WriteUnraisable(pel_api.bridge);
    Py_XDECREF(result);
}
