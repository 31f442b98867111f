#include "gateway/handled.h"

#include "gateway/api.h"
#include "gateway/done.h"

static const struct {
    const char *module, *signal;
} signals[] = {
    {"flask", "got_request_exception"},
    {"quart", "got_request_exception"},
    {"django.core.signals", "got_request_exception"},
};

/* How many apps may be around a Litestar. */
#define WRAPPERS_MAX 16

/* The last one counts: an error handler may raise as well. */
static void note(PyObject *exc, bool is_open)
{
    PyObject *scope = pel_api_current();
    struct pel_api_request *r = scope ? pel_api_request_behind(scope) : NULL;

    if (r && r->rq) {
        Py_XSETREF(r->raised, Py_NewRef(exc));
        r->is_raised_open = is_open;
    }
    PyErr_Clear();
    Py_XDECREF(scope);
}

/* Flask and Quart hand the exception over; with Django it is the one that is being handled. */
static PyObject *on_signal(PyObject *self, PyObject *args, PyObject *kwargs)
{
    PyObject *exc = kwargs ? PyDict_GetItemString(kwargs, "exception") : NULL;

    exc = exc ? Py_NewRef(exc) : PyErr_GetHandledException();
    if (exc && PyExceptionInstance_Check(exc))
        note(exc, false);
    Py_XDECREF(exc);
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

/* Litestar calls hooks with the exception and the scope, before it asks the app's own handlers. */
static PyObject *on_hook(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n > 0 && PyExceptionInstance_Check(args[0]) && !is_answer(args[0]))
        note(args[0], true);
    return pel_done_none();
}

static PyMethodDef receiver = {
    "app_raised", (PyCFunction)(void (*)(void))on_signal, METH_VARARGS | METH_KEYWORDS,
    "app_raised($self, /, *args, **kwargs)\n--\n\nTells Pellucid of an exception."};
static PyMethodDef hook = {"app_raised", (PyCFunction)(void (*)(void))on_hook, METH_FASTCALL,
                           "app_raised($self, exc, scope)\n--\n\nTells Pellucid of an exception."};

/* The attribute of a module, if that is loaded: a new reference, or NULL, maybe with an exception.
 */
static PyObject *find(const char *module_name, const char *attribute)
{
    PyObject *name = PyUnicode_FromString(module_name);
    PyObject *module = name ? PyImport_GetModule(name) : NULL;
    PyObject *found = module ? PyObject_GetAttrString(module, attribute) : NULL;

    Py_XDECREF(module);
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

static void hook_into(PyObject *litestar)
{
    PyObject *hooks = PyObject_GetAttrString(litestar, "after_exception");
    PyObject *function = hooks && PyList_Check(hooks) ? PyCFunction_New(&hook, NULL) : NULL;

    if (function)
        PyList_Append(hooks, function);
    PyErr_Clear();
    Py_XDECREF(function);
    Py_XDECREF(hooks);
}

/* app, or what middleware around it has as its "app". */
static void find_litestar(PyObject *app, PyObject *type)
{
    PyObject *inner = Py_NewRef(app);

    for (unsigned i = 0; inner && i < WRAPPERS_MAX; i++) {
        if (PyObject_IsInstance(inner, type) == 1) {
            hook_into(inner);
            break;
        }
        PyErr_Clear();
        Py_SETREF(inner, PyObject_GetAttrString(inner, "app"));
    }
    PyErr_Clear();
    Py_XDECREF(inner);
}

void pel_handled_listen(PyObject *app)
{
    PyObject *litestar;

    for (size_t i = 0; i < PEL_ARRAY_LEN(signals); i++)
        listen_to(signals[i].module, signals[i].signal);
    litestar = find("litestar", "Litestar");
    if (litestar)
        find_litestar(app, litestar);
    PyErr_Clear();
    Py_XDECREF(litestar);
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
