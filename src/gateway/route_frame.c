#include "gateway/route.h"
#include "gateway/strings.h"

#define FRAMES_MAX 8 /* middleware between the framework and us */
#define SCOPE_FRAMES_MAX                                                                           \
    32 /* ... and what answers, between its router, or what answers for an app                     \
          that has raised, and us */

/* Which variable of which function is what the framework knows the request by; is_scope: it is the
 * scope, of interest only where middleware has given the framework a copy. */
static const struct {
    const char *module, *type, *method, *variable;
    bool is_scope;
} functions[] = {
    {"falcon.app", "App", "__call__", "req", false},
    {"falcon.asgi.app", "App", "__call__", "req", false},
    {"django.core.handlers.asgi", "ASGIHandler", "send_response", "response", false},
    {"quart.asgi", "ASGIHTTPConnection", "handle_messages", "request", false},
    {"starlette.routing", "Router", "app", "scope", true},
    {"fastapi.routing", "APIRouter", "app", "scope", true},
    {"starlette.middleware.errors", "ServerErrorMiddleware", "__call__", "scope", true},
    {"litestar._asgi.asgi_router", "ASGIRouter", "__call__", "scope", true},
    {"litestar.middleware._internal.exceptions.middleware", "ExceptionHandlerMiddleware",
     "__call__", "scope", true},
};

/* Of those that are loaded: code object and name, owned. */
static struct {
    PyObject *code, *variable;
    bool is_scope;
} known[PEL_ARRAY_LEN(functions)];

static unsigned known_n;
unsigned pel_route_frames_n, pel_route_scope_frames_n;

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
        known[known_n].code = code;
        known[known_n].variable = PyUnicode_InternFromString(functions[i].variable);
        known[known_n].is_scope = functions[i].is_scope;
        if (!known[known_n++].variable) {
            pel_route_frames_fini();
            return -1;
        }
        *(functions[i].is_scope ? &pel_route_scope_frames_n : &pel_route_frames_n) += 1;
    }
    return 0;
}

void pel_route_frames_fini(void)
{
    while (known_n) {
        known_n--;
        Py_CLEAR(known[known_n].code);
        Py_CLEAR(known[known_n].variable);
    }
    pel_route_frames_n = pel_route_scope_frames_n = 0;
}

static PyObject *variable_for(PyFrameObject *frame, bool with_scopes)
{
    PyObject *code = (PyObject *)PyFrame_GetCode(frame), *variable = NULL;

    for (unsigned i = 0; !variable && i < known_n; i++)
        if (known[i].code == code && (with_scopes || !known[i].is_scope))
            variable = known[i].variable;
    Py_DECREF(code);
    return variable;
}

static PyObject *search(bool with_scopes)
{
    PyFrameObject *frame = (PyFrameObject *)Py_XNewRef((PyObject *)PyEval_GetFrame());
    PyObject *variable = NULL, *own = NULL;

    for (unsigned i = 0; frame && i < (with_scopes ? SCOPE_FRAMES_MAX : FRAMES_MAX); i++) {
        if ((variable = variable_for(frame, with_scopes)))
            break;
        Py_SETREF(frame, PyFrame_GetBack(frame));
    }
    if (frame && variable)
        own = pel_py_frame_variable(frame, variable);
    Py_XDECREF((PyObject *)frame);
    return own;
}

PyObject *pel_route_search_frames(void)
{
    return search(false);
}

/* Routers leave something in the scope that they are given, even when no route matches. */
PyObject *pel_route_search_copy(PyObject *scope)
{
    bool has_router = PyDict_GetItemWithError(scope, pel_interned.router) ||
                      PyDict_GetItemWithError(scope, pel_interned.path_template);
    PyObject *found = has_router ? NULL : search(true);

    if (found == scope)
        Py_CLEAR(found);
    return found;
}
