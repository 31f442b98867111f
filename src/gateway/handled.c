#include "gateway/handled.h"

#include "gateway/api.h"
#include "gateway/strings.h"

static const struct {
    const char *module, *signal;
} signals[] = {
    {"flask", "got_request_exception"},
    {"quart", "got_request_exception"},
    {"django.core.signals", "got_request_exception"},
};

/* The last one counts: an error handler may raise as well. */
static void keep(struct pel_api_request *r, PyObject *exc, bool is_open)
{
    Py_XSETREF(r->raised, Py_NewRef(exc));
    r->is_raised_open = is_open;
}

static void note(PyObject *exc, bool is_open)
{
    PyObject *scope = pel_api_current();
    struct pel_api_request *r = scope ? pel_api_request_behind(scope) : NULL;

    if (r && r->rq)
        keep(r, exc, is_open);
    PyErr_Clear();
    Py_XDECREF(scope);
}

static void note_handled(bool is_open)
{
    PyObject *exc = PyErr_GetHandledException();

    if (exc && PyExceptionInstance_Check(exc))
        note(exc, is_open);
    Py_XDECREF(exc);
}

/* Flask and Quart hand the exception over; with Django it is the one that is being handled. */
static PyObject *on_signal(PyObject *self, PyObject *args, PyObject *kwargs)
{
    PyObject *exc = kwargs ? PyDict_GetItemString(kwargs, "exception") : NULL;

    if (exc && PyExceptionInstance_Check(exc))
        note(exc, false);
    else if (!exc)
        note_handled(false);
    Py_RETURN_NONE;
}

/* Litestar's HTTPException with another status than 500 is an answer that the app has chosen. */
static bool is_answer(PyObject *exc)
{
    PyObject *status = PyObject_GetAttrString(exc, "status_code");
    bool result = status && PyLong_Check(status) && PyLong_AsLong(status) != 500;

    PyErr_Clear();
    Py_XDECREF(status);
    return result;
}

/* The value of a keyword argument of a vectorcall: borrowed, or NULL. */
static PyObject *named(const char *name, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    for (Py_ssize_t i = 0; names && i < PyTuple_GET_SIZE(names); i++)
        if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, i), name) == 0)
            return args[n + i];
    return NULL;
}

/* Litestar answers for the app, before it asks the app's own handlers. */
static PyObject *on_handle(PyObject *original, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    PyObject *exc = n > 1 ? args[1] : named("exc", args, n, names);

    if (exc && PyExceptionInstance_Check(exc) && !is_answer(exc))
        note(exc, true);
    return PyObject_Vectorcall(original, args, (size_t)n, names);
}

/* Falcon looks for the handler of an exception. Where the app has none there is Falcon's own, which
 * answers with a 500. */
static PyObject *on_find_handler(PyObject *original, PyObject *const *args, Py_ssize_t n,
                                 PyObject *names)
{
    PyObject *handler = PyObject_Vectorcall(original, args, (size_t)n, names);
    PyObject *name = handler ? pel_py_attr(handler, pel_interned.name) : NULL;

    if (name && PyUnicode_Check(name) &&
        PyUnicode_CompareWithASCIIString(name, "_python_error_handler") == 0 && n > 1 &&
        PyExceptionInstance_Check(args[1]))
        note(args[1], true);
    Py_XDECREF(name);
    return handler;
}

/* Bottle formats an exception that the app or the iterable of its response has raised. */
static PyObject *on_format(PyObject *original, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    note_handled(true);
    return PyObject_Vectorcall(original, args, (size_t)n, names);
}

static PyMethodDef receiver = {
    "app_raised", (PyCFunction)(void (*)(void))on_signal, METH_VARARGS | METH_KEYWORDS,
    "app_raised($self, /, *args, **kwargs)\n--\n\nTells Pellucid of an exception."};

/* Functions that we take the place of; type: the class whose method it is, or NULL. */
static struct {
    const char *module, *type;
    PyMethodDef def;
} replaced[] = {
    {"falcon.app",
     "App",
     {"_find_error_handler", (PyCFunction)(void (*)(void))on_find_handler,
      METH_FASTCALL | METH_KEYWORDS,
      "_find_error_handler($self, ex)\n--\n\nFalcon's own; tells Pellucid of an exception."}},
    {"litestar.middleware._internal.exceptions.middleware",
     "ExceptionHandlerMiddleware",
     {"handle_request_exception", (PyCFunction)(void (*)(void))on_handle,
      METH_FASTCALL | METH_KEYWORDS,
      "handle_request_exception($self, /, **kwargs)\n--\n\nLitestar's own; tells Pellucid."}},
    {"bottle",
     NULL,
     {"format_exc", (PyCFunction)(void (*)(void))on_format, METH_FASTCALL | METH_KEYWORDS,
      "format_exc($module, /, *args, **kwargs)\n--\n\nThat of traceback; tells Pellucid of an "
      "exception."}},
};

/* A module, or an attribute of it (NULL: itself), if that is loaded: a new reference, or NULL,
 * maybe with an exception. */
static PyObject *find(const char *module_name, const char *attribute)
{
    PyObject *name = PyUnicode_FromString(module_name);
    PyObject *found = name ? PyImport_GetModule(name) : NULL;

    if (found && attribute)
        Py_SETREF(found, PyObject_GetAttrString(found, attribute));
    Py_XDECREF(name);
    return found;
}

static void listen_to(const char *module_name, const char *signal_name)
{
    PyObject *signal = find(module_name, signal_name);
    PyObject *connect = signal ? PyObject_GetAttrString(signal, "connect") : NULL;
    PyObject *function = connect ? PyCFunction_New(&receiver, NULL) : NULL;
    PyObject *args = function ? PyTuple_Pack(1, function) : NULL;
    PyObject *kwargs = args ? Py_BuildValue("{s:O}", "weak", Py_False) : NULL;
    PyObject *done = kwargs ? PyObject_Call(connect, args, kwargs) : NULL;

    if (done)
        pel_api.binds_tasks = true; /* the signal may be sent in any of them */
    PyErr_Clear();
    Py_XDECREF(done);
    Py_XDECREF(kwargs);
    Py_XDECREF(args);
    Py_XDECREF(function);
    Py_XDECREF(connect);
    Py_XDECREF(signal);
}

/* A function of C is no method until it is wrapped as one. */
static void take_place(const char *module_name, const char *type_name, PyMethodDef *def)
{
    PyObject *owner = find(module_name, type_name);
    PyObject *original = owner ? PyObject_GetAttrString(owner, def->ml_name) : NULL;
    PyObject *function = original ? PyCFunction_New(def, original) : NULL;

    if (function && type_name)
        Py_SETREF(function, PyInstanceMethod_New(function));
    if (function && PyObject_SetAttrString(owner, def->ml_name, function) == 0)
        pel_api.binds_tasks = true; /* middleware may run the app in a task of its own */
    PyErr_Clear();
    Py_XDECREF(function);
    Py_XDECREF(original);
    Py_XDECREF(owner);
}

void pel_handled_listen(void)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(signals); i++)
        listen_to(signals[i].module, signals[i].signal);
    for (size_t i = 0; i < PEL_ARRAY_LEN(replaced); i++)
        take_place(replaced[i].module, replaced[i].type, &replaced[i].def);
}

void pel_handled_note(struct pel_request *rq, PyObject *exc)
{
    struct pel_api_request *r = PyExceptionInstance_Check(exc) ? pel_api_request_of(rq) : NULL;

    if (r)
        keep(r, exc, true);
    PyErr_Clear();
}

PyObject *pel_handled_take(struct pel_request *rq)
{
    struct pel_api_request *r = rq->handle;
    PyObject *exc;

    if (PEL_LIKELY(!r || !r->raised))
        return NULL;
    exc = r->raised;
    r->raised = NULL;
    if (r->is_raised_open && rq->rec.status < 500)
        Py_CLEAR(exc);
    return exc;
}
