#include "gateway/route.h"
#include "gateway/strings.h"

#define FRAMES_MAX 8 /* middleware between the framework and us */

/* Which variable of which function is what the framework knows the request by. */
static const struct {
    const char *module, *type, *method, *variable;
} functions[] = {
    {"falcon.app", "App", "__call__", "req"},
    {"falcon.asgi.app", "App", "__call__", "req"},
    {"django.core.handlers.asgi", "ASGIHandler", "send_response", "response"},
    {"quart.asgi", "ASGIHTTPConnection", "handle_messages", "request"},
};

/* Of those that are loaded: code object and name, owned. */
static struct {
    PyObject *code, *variable;
} known[PEL_ARRAY_LEN(functions)];

unsigned pel_route_frames_n;

/* The code of module.type.method, if the module is loaded and the method written in Python: a new
 * reference, or NULL (never an exception). */
static PyObject *code_of(const char *module_name, const char *type_name, const char *method_name)
{
    PyObject *name = PyUnicode_FromString(module_name);
    PyObject *object = name ? PyImport_GetModule(name) : NULL;
    const char *const path[] = {type_name, method_name, "__code__"};

    for (size_t i = 0; object && i < PEL_ARRAY_LEN(path); i++)
        Py_SETREF(object, PyObject_GetAttrString(object, path[i]));
    Py_XDECREF(name);
    PyErr_Clear();
    if (object && !PyCode_Check(object))
        Py_CLEAR(object);
    return object;
}

int pel_route_frames_init(void)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(functions); i++) {
        PyObject *code = code_of(functions[i].module, functions[i].type, functions[i].method);

        if (!code)
            continue;
        known[pel_route_frames_n].code = code;
        known[pel_route_frames_n].variable = PyUnicode_InternFromString(functions[i].variable);
        if (!known[pel_route_frames_n++].variable) {
            pel_route_frames_fini();
            return -1;
        }
    }
    return 0;
}

void pel_route_frames_fini(void)
{
    while (pel_route_frames_n) {
        pel_route_frames_n--;
        Py_CLEAR(known[pel_route_frames_n].code);
        Py_CLEAR(known[pel_route_frames_n].variable);
    }
}

static PyObject *variable_for(PyFrameObject *frame)
{
    PyObject *code = (PyObject *)PyFrame_GetCode(frame), *variable = NULL;

    for (unsigned i = 0; !variable && i < pel_route_frames_n; i++)
        if (known[i].code == code)
            variable = known[i].variable;
    Py_DECREF(code);
    return variable;
}

PyObject *pel_route_search_frames(void)
{
    PyFrameObject *frame = (PyFrameObject *)Py_XNewRef((PyObject *)PyEval_GetFrame());
    PyObject *variable = NULL, *own = NULL;

    for (unsigned i = 0; frame && i < FRAMES_MAX; i++) {
        if ((variable = variable_for(frame)))
            break;
        Py_SETREF(frame, PyFrame_GetBack(frame));
    }
    if (frame && variable)
        own = pel_py_frame_variable(frame, variable);
    Py_XDECREF((PyObject *)frame);
    return own;
}
