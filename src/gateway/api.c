#include "gateway/api.h"

#include "gateway/done.h"
#include "gateway/forked.h"
#include "pellucid/child.h"
#include "pellucid/conf.h"
#include "pellucid/instrument.h"

struct pel_api pel_api;
_Thread_local struct pel_request *pel_api_running;

int pel_api_init(void)
{
    if (pel_api.current)
        return 0;
    if (PyType_Ready(&pel_api_request_type) < 0 || pel_api_span_init() < 0 ||
        pel_api_instruments_init() < 0 || pel_done_init() < 0)
        return -1;
    pel_api.current = PyContextVar_New("pellucid", NULL);
    return pel_api.current ? 0 : -1;
}

int pel_api_open(const struct pel_gateway_env *env, const struct pel_gateway *gateway)
{
    pel_api.gateway = gateway;
    pel_api.hands_trace_on = pel_strings_have(&env->conf->trace_propagators, "tracecontext");
    pel_api.hands_baggage_on = pel_strings_have(&env->conf->trace_propagators, "baggage");
    pel_api.other_fields = pel_trace_other_fields(env->conf);
    pel_api.probes = env->probes && pel_child_is_wanted(env->probes) ? env->probes : NULL;
    pel_api.instruments = env->probes ? pel_instruments_of(env->probes) : NULL;
    pel_forked_watch();
    if (pel_api_init() < 0)
        return -1;
    pel_api_bridge_open();
    return 0;
}

void pel_api_close(void)
{
    pel_api.probes = NULL;
    pel_api.instruments = NULL;
    pel_api_bridge_close();
}

/* --- what is current --- */

int pel_api_set_current(PyObject *scope)
{
    PyObject *token = PyContextVar_Set(pel_api.current, scope);

    Py_XDECREF(token);
    return token ? 0 : -1;
}

void pel_api_bind(struct pel_request *rq)
{
    PyObject *request = (PyObject *)pel_api_request_of(rq);

    if (!request || pel_api_set_current(request) < 0)
        PyErr_Clear(); /* without memory the app gets its request all the same */
}

void pel_api_own_span_id(PyObject *scope, uint8_t id[8])
{
    if (Py_IS_TYPE(scope, &pel_api_span_type))
        memcpy(id, ((struct pel_api_span *)scope)->id, 8);
    else
        memcpy(id, ((struct pel_api_request *)scope)->span_id, 8);
}

void pel_api_span_id(PyObject *scope, uint8_t id[8])
{
    pel_api_own_span_id(scope, id);
    if (pel_api_has_bridge())
        pel_api_bridge_innermost(pel_api_request_behind(scope), id);
}

/* The value of the context variable: a new reference, or NULL. */
static PyObject *bound(void)
{
    PyObject *scope = NULL;

    if (PyContextVar_Get(pel_api.current, NULL, &scope) < 0)
        PyErr_Clear();
    if (scope == Py_None)
        Py_CLEAR(scope);
    return scope;
}

PyObject *pel_api_current(void)
{
    struct pel_request *running = pel_api_running;
    PyObject *scope = bound();

    if (PEL_LIKELY(!running))
        return scope;
    if (scope && pel_api_request_behind(scope)->rq == running)
        return scope;
    Py_XDECREF(scope);
    return Py_XNewRef((PyObject *)pel_api_request_of(running));
}

/* --- functions of the module --- */

/* None in the place of what is missing. */
static PyObject *or_none(PyObject *object)
{
    if (!object && !PyErr_Occurred())
        Py_RETURN_NONE;
    return object;
}

static PyObject *request_function(PyObject *module, PyObject *unused)
{
    PyObject *scope = pel_api_current(), *request;

    if (!scope)
        return or_none(NULL);
    request = Py_NewRef((PyObject *)pel_api_request_behind(scope));
    Py_DECREF(scope);
    return request;
}

static PyObject *current_function(PyObject *module, PyObject *unused)
{
    return or_none(pel_api_current());
}

static PyObject *set_current_function(PyObject *module, PyObject *scope)
{
    PyObject *before;

    if (scope != Py_None && !Py_IS_TYPE(scope, &pel_api_request_type) &&
        !(Py_IS_TYPE(scope, &pel_api_span_type) && pel_api_request_behind(scope))) {
        PyErr_SetString(PyExc_TypeError, "not what current() returned");
        return NULL;
    }
    before = bound();
    if (pel_api_set_current(scope) < 0)
        Py_CLEAR(before);
    else if (!before)
        before = Py_NewRef(Py_None);
    return before;
}

static PyObject *carrier_function(PyObject *module, PyObject *unused)
{
    PyObject *scope = pel_api_current(), *fields;
    uint8_t id[8];

    if (!scope)
        return PyErr_Occurred() ? NULL : PyTuple_New(0);
    pel_api_span_id(scope, id);
    fields = pel_api_carrier(pel_api_request_behind(scope), id);
    Py_DECREF(scope);
    return fields;
}

static PyObject *ids_function(PyObject *module, PyObject *unused)
{
    PyObject *scope = pel_api_current(), *ids;
    uint8_t id[8];

    if (!scope)
        return or_none(NULL);
    pel_api_span_id(scope, id);
    ids = pel_api_ids(pel_api_request_behind(scope), id);
    Py_DECREF(scope);
    return ids;
}

/* From now on requests are bound; the one that imports the API is so already. */
static PyObject *use_function(PyObject *module, PyObject *unused)
{
    pel_api.binds_tasks = true;
    if (pel_api_running)
        pel_api_bind(pel_api_running);
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"use", use_function, METH_NOARGS, "use() -> None\n\nThe app has imported the API."},
    {"request", request_function, METH_NOARGS,
     "request() -> Request | None\n\nThe request that is being answered."},
    {"current", current_function, METH_NOARGS,
     "current() -> object | None\n\nWhat set_current() takes in another thread."},
    {"set_current", set_current_function, METH_O,
     "set_current(scope) -> object | None\n\nMakes scope current in this context; returns what "
     "was."},
    {"carrier", carrier_function, METH_NOARGS,
     "carrier() -> tuple[tuple[str, str], ...]\n\nHeader fields that hand the trace on."},
    {"ids", ids_function, METH_NOARGS,
     "ids() -> tuple[str, str] | None\n\nTrace id and span id, in hex."},
    {NULL, NULL, 0, NULL},
};

int pel_api_add(PyObject *module)
{
    if (pel_api_init() < 0 || PyModule_AddType(module, &pel_api_request_type) < 0 ||
        PyModule_AddType(module, &pel_api_span_type) < 0 ||
        PyModule_AddType(module, &pel_api_counter_type) < 0 ||
        PyModule_AddType(module, &pel_api_histogram_type) < 0)
        return -1;
    return PyModule_AddFunctions(module, functions);
}
