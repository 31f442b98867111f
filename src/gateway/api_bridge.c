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

static void drop(void)
{
    for (size_t i = 0; i < PEL_BRIDGE_N; i++)
        Py_CLEAR(pel_api.bridge[i]);
}

/* Calls one of its functions: a new reference, or NULL. What fails in there is the SDK's failure,
 * which does not become the app's. Takes the arguments, which may be NULL with an exception. */
static PyObject *call(enum pel_api_bridge which, PyObject *args)
{
    PyObject *result = args ? PyObject_Call(pel_api.bridge[which], args, NULL) : NULL;

    if (!result)
        PyErr_WriteUnraisable(pel_api.bridge[which]);
    Py_XDECREF(args);
    return result;
}

/* By the request's own id: what the thread has current in the SDK is of its last request, which
 * may be of the same trace. */
static void enter(const struct pel_api_request *r)
{
    Py_XDECREF(call(PEL_BRIDGE_ENTER, Py_BuildValue("(N)", pel_api_carrier(r, r->span_id))));
}

/* scope is current: its request is made the SDK's current span, then those of ours that are open.
 */
static void enter_all(PyObject *scope)
{
    struct pel_api_span *s = (struct pel_api_span *)scope;
    PyObject *before = Py_IS_TYPE(scope, &pel_api_span_type) ? Py_XNewRef(s->before) : NULL;

    if (!before) {
        enter(pel_api_request_behind(scope));
        return;
    }
    enter_all(before);
    Py_DECREF(before);
    Py_XSETREF(s->their_before, pel_api_bridge_enter_span(s->request, s->id));
}

/* 0, or -1: an SDK that is not whole, which is the app's affair. */
static int load(void)
{
    static const char *const names[] = {PEL_BRIDGE_NAMES};
    PyObject *module = PyImport_ImportModule("pellucid.bridge");
    bool is_whole = module != NULL;

    for (size_t i = 0; is_whole && i < PEL_BRIDGE_N; i++) {
        pel_api.bridge[i] = PyObject_GetAttrString(module, names[i]);
        is_whole = pel_api.bridge[i] != NULL;
    }
    Py_XDECREF(module);
    if (is_whole) {
        pel_api.binds_tasks = true; /* spans may begin in any of them */
        return 0;
    }
    PyErr_WriteUnraisable(Py_None);
    drop();
    return -1;
}

/* The app, which is served already, is about to import the SDK: often in a request, whose spans are
 * to be below ours as well. */
static PyObject *on_import(PyObject *self, PyObject *unused)
{
    PyObject *scope;

    if (pel_api.finder && !pel_api_has_bridge() && load() == 0) {
        scope = pel_api_current();
        if (scope)
            enter_all(scope);
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
    drop();
}

void pel_api_bridge_cross(struct pel_request *rq)
{
    struct pel_api_request *r = pel_api_request_of(rq);

    if (r)
        enter(r);
    PyErr_Clear(); /* without memory the app gets its request all the same */
}

void pel_api_bridge_innermost(const struct pel_api_request *r, uint8_t id[8])
{
    PyObject *theirs =
        call(PEL_BRIDGE_INNERMOST, Py_BuildValue("(y#)", r->trace_id, (Py_ssize_t)16));
    const char *bytes = theirs && PyBytes_Check(theirs) ? PyBytes_AS_STRING(theirs) : NULL;

    /* The SDK may not know of our spans in the request, if it was imported in one of them. */
    if (bytes && PyBytes_GET_SIZE(theirs) == 8 && memcmp(bytes, r->span_id, 8) != 0)
        memcpy(id, bytes, 8);
    Py_XDECREF(theirs);
}

PyObject *pel_api_bridge_enter_span(const struct pel_api_request *r, const uint8_t id[8])
{
    return call(PEL_BRIDGE_ENTER_SPAN,
                Py_BuildValue("(y#y#i)", r->trace_id, (Py_ssize_t)16, id, (Py_ssize_t)8, r->flags));
}

void pel_api_bridge_leave_span(PyObject *before)
{
    Py_XDECREF(call(PEL_BRIDGE_LEAVE_SPAN, PyTuple_Pack(1, before)));
}
