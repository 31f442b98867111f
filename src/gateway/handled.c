#include "gateway/handled.h"

#include "gateway/api.h"
#include "gateway/place.h"

/* Of the request that this thread answers; rq is NULL when nothing was raised. */
static _Thread_local struct {
    const struct pel_request *rq;
    struct pel_exception place;
} pending;

static const struct {
    const char *module, *signal;
} signals[] = {
    {"flask", "got_request_exception"},
    {"django.core.signals", "got_request_exception"},
};

/* The last one counts: an error handler may raise as well. */
static void note(struct pel_request *rq, PyObject *exc)
{
    struct pel_record *rec = &rq->rec;

    pel_gateway_describe(exc, &rq->arena, &rec->exc_type, &rec->exc_message, &rec->exc_stack);
    pel_place_find(exc, &rq->arena, &pending.place);
    pending.rq = rq;
}

/* Flask hands the exception over; with Django it is the one that is being handled. */
static PyObject *on_signal(PyObject *self, PyObject *args, PyObject *kwargs)
{
    PyObject *exc = kwargs ? PyDict_GetItemString(kwargs, "exception") : NULL;

    exc = exc ? Py_NewRef(exc) : PyErr_GetHandledException();
    if (pel_api_running && exc && PyExceptionInstance_Check(exc))
        note(pel_api_running, exc);
    Py_XDECREF(exc);
    Py_RETURN_NONE;
}

static PyMethodDef receiver = {
    "app_raised", (PyCFunction)(void (*)(void))on_signal, METH_VARARGS | METH_KEYWORDS,
    "app_raised($self, /, *args, **kwargs)\n--\n\nTells Pellucid of an exception."};

static void listen_to(const char *module_name, const char *signal_name)
{
    PyObject *name = PyUnicode_FromString(module_name);
    PyObject *module = name ? PyImport_GetModule(name) : NULL;
    PyObject *signal = module ? PyObject_GetAttrString(module, signal_name) : NULL;
    PyObject *connect = signal ? PyObject_GetAttrString(signal, "connect") : NULL;
    PyObject *function = connect ? PyCFunction_New(&receiver, NULL) : NULL;
    PyObject *args = function ? PyTuple_Pack(1, function) : NULL;
    PyObject *kwargs = args ? Py_BuildValue("{s:O}", "weak", Py_False) : NULL;

    Py_XDECREF(kwargs ? PyObject_Call(connect, args, kwargs) : NULL);
    PyErr_Clear();
    Py_XDECREF(kwargs);
    Py_XDECREF(args);
    Py_XDECREF(function);
    Py_XDECREF(connect);
    Py_XDECREF(signal);
    Py_XDECREF(module);
    Py_XDECREF(name);
}

void pel_handled_listen(void)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(signals); i++)
        listen_to(signals[i].module, signals[i].signal);
}

bool pel_handled_take(struct pel_request *rq, struct pel_exception *place)
{
    if (PEL_LIKELY(pending.rq != rq))
        return false;
    *place = pending.place;
    pending.rq = NULL;
    return true;
}
