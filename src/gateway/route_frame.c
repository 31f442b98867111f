#include "gateway/route.h"
#include "gateway/strings.h"

#define FRAMES_MAX 8 /* middleware between the framework and us */
/* The same, and what answers, between us and a router, or what answers for an app that raised. */
#define SCOPE_FRAMES_MAX 32

/* What the variable is: what the framework knows the request by; the scope, of interest only where
 * middleware has given the framework a copy; or the former, for exceptions only. */
enum kind { IS_OWN, IS_SCOPE, IS_OWN_OF_RAISED };

/* Which variable of which function. */
static const struct {
    const char *module, *type, *method, *variable;
    enum kind kind;
} functions[] = {
    {"falcon.app", "App", "__call__", "req", IS_OWN},
    {"falcon.asgi.app", "App", "__call__", "req", IS_OWN},
    {"django.core.handlers.asgi", "ASGIHandler", "send_response", "response", IS_OWN},
    {"quart.asgi", "ASGIHTTPConnection", "handle_messages", "request", IS_OWN},
    {"starlette.routing", "Router", "app", "scope", IS_SCOPE},
    {"fastapi.routing", "APIRouter", "app", "scope", IS_SCOPE},
    {"starlette.middleware.exceptions", "ExceptionMiddleware", "__call__", "scope", IS_SCOPE},
    {"starlette.middleware.base", "BaseHTTPMiddleware", "__call__", "scope", IS_SCOPE},
    {"starlette.middleware.errors", "ServerErrorMiddleware", "__call__", "scope", IS_SCOPE},
    {"litestar._asgi.asgi_router", "ASGIRouter", "__call__", "scope", IS_SCOPE},
    {"litestar.middleware._internal.exceptions.middleware", "ExceptionHandlerMiddleware",
     "__call__", "scope", IS_SCOPE},
    {"flask.app", "Flask", "wsgi_app", "ctx", IS_OWN_OF_RAISED},
    {"django.core.handlers.wsgi", "WSGIHandler", "__call__", "request", IS_OWN_OF_RAISED},
    {"django.core.handlers.asgi", "ASGIHandler", "handle", "request", IS_OWN_OF_RAISED},
};

/* Of those that are loaded: code object and name, owned. */
static struct {
    PyObject *code, *variable;
    enum kind kind;
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
        known[known_n].kind = functions[i].kind;
        if (!known[known_n++].variable) {
            pel_route_frames_fini();
            return -1;
        }
        pel_route_frames_n += functions[i].kind == IS_OWN;
        pel_route_scope_frames_n += functions[i].kind == IS_SCOPE;
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

/* Of a kind up to last: borrowed. */
static PyObject *variable_for(PyFrameObject *frame, enum kind last)
{
    PyObject *code = (PyObject *)PyFrame_GetCode(frame), *variable = NULL;

    for (unsigned i = 0; !variable && i < known_n; i++)
        if (known[i].code == code && known[i].kind <= last)
            variable = known[i].variable;
    Py_DECREF(code);
    return variable;
}

static PyObject *search(enum kind last)
{
    unsigned frames_max = last == IS_OWN ? FRAMES_MAX : SCOPE_FRAMES_MAX;
    PyFrameObject *frame = (PyFrameObject *)Py_XNewRef((PyObject *)PyEval_GetFrame());
    PyObject *variable = NULL, *own = NULL;

    for (unsigned i = 0; frame && i < frames_max; i++) {
        if ((variable = variable_for(frame, last)))
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
    return search(IS_OWN);
}

/* Routers leave something in the scope that they are given, even when no route matches. */
PyObject *pel_route_search_copy(PyObject *scope)
{
    bool has_router = PyDict_GetItemWithError(scope, pel_interned.router) ||
                      PyDict_GetItemWithError(scope, pel_interned.path_template);
    PyObject *found = has_router ? NULL : search(IS_SCOPE);

    if (found == scope)
        Py_CLEAR(found);
    return found;
}

PyObject *pel_route_search_raised(PyObject *exc)
{
    PyObject *traceback = PyException_GetTraceback(exc), *own = NULL;

    for (PyObject *at = traceback; at && known_n && PyTraceBack_Check(at);
         at = (PyObject *)((PyTracebackObject *)at)->tb_next) {
        PyFrameObject *frame = ((PyTracebackObject *)at)->tb_frame;
        PyObject *variable = variable_for(frame, IS_OWN_OF_RAISED);

        if (variable)
            Py_XSETREF(own, pel_py_frame_variable(frame, variable));
    }
    Py_XDECREF(traceback);
    return own;
}
