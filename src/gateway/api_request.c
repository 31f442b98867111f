#include "gateway/api.h"

#include "pellucid/cputime.h"
#include "pellucid/inflight.h"
#include "pellucid/metrics.h"
#include "pellucid/time.h"

static struct pel_api_request *as_request(PyObject *self)
{
    return (struct pel_api_request *)self;
}

/* --- life --- */

struct pel_api_request *pel_api_request_of(struct pel_request *rq)
{
    struct pel_api_request *r = rq->handle;
    const struct pel_trace *trace = &rq->rec.trace;

    if (r)
        return r;
    r = PyObject_New(struct pel_api_request, &pel_api_request_type);
    if (!r)
        return NULL;
    r->rq = rq;
    memcpy(r->trace_id, trace->trace_id, sizeof(r->trace_id));
    memcpy(r->span_id, trace->span_id, sizeof(r->span_id));
    r->flags = trace->flags;
    r->is_debug = trace->is_debug;
    r->is_kept = false;
    r->route = r->state = r->baggage = r->raised = NULL;
    r->attributes = NULL;
    r->attributes_len = 0;
    rq->handle = r;
    return r;
}

static void request_dealloc(PyObject *self)
{
    struct pel_api_request *r = as_request(self);

    Py_XDECREF(r->route);
    Py_XDECREF(r->state);
    Py_XDECREF(r->baggage);
    Py_XDECREF(r->raised);
    PyMem_Free(r->attributes);
    PyObject_Free(self);
}

/* What is handed on in calls to others after the end, too. */
static PyObject *latin_1(struct pel_str s)
{
    return s.len ? PyUnicode_DecodeLatin1(s.p, (Py_ssize_t)s.len, NULL) : NULL;
}

void pel_api_note_route(struct pel_request *rq)
{
    const struct pel_api_request *r = rq->handle;
    struct pel_str route;

    if (!r || !r->route)
        return;
    PEL_ASSERT(pel_py_utf8(r->route, &route)); /* was encoded when it was set */
    rq->rec.route = pel_arena_dup(&rq->arena, route);
    rq->rec.route_source = PEL_ROUTE_API;
}

void pel_api_request_end(struct pel_request *rq)
{
    struct pel_api_request *r = rq->handle;

    pel_api_note_route(rq);
    rq->handle = NULL;
    r->rq = NULL;
    if (r->attributes_len)
        rq->rec.attributes = pel_arena_dup(&rq->arena, pel_str(r->attributes, r->attributes_len));
    if (Py_REFCNT(r) > 1) {
        r->state = latin_1(rq->rec.trace.state);
        r->baggage = pel_api_baggage(rq);
        PyErr_Clear();
    }
    Py_DECREF(r);
}

/* --- attributes of the object --- */

static PyObject *get_trace_id(PyObject *self, void *unused)
{
    return PEL_API_HEX(as_request(self)->trace_id);
}

static PyObject *get_span_id(PyObject *self, void *unused)
{
    return PEL_API_HEX(as_request(self)->span_id);
}

static PyObject *get_route(PyObject *self, void *unused)
{
    struct pel_api_request *r = as_request(self);
    struct pel_str route = r->rq ? pel_record_route(&r->rq->rec) : PEL_STR_NONE;

    if (r->route)
        return Py_NewRef(r->route);
    if (!route.len)
        Py_RETURN_NONE;
    return PyUnicode_DecodeUTF8(route.p, (Py_ssize_t)route.len, "replace");
}

static int set_route(PyObject *self, PyObject *value, void *unused)
{
    struct pel_api_request *r = as_request(self);
    const char *text;
    Py_ssize_t len;

    if (!value || value == Py_None) {
        Py_CLEAR(r->route);
        return 0;
    }
    if (!PyUnicode_Check(value)) {
        PyErr_Format(PyExc_TypeError, "route must be a str or None, not %.100s",
                     Py_TYPE(value)->tp_name);
        return -1;
    }
    text = PyUnicode_AsUTF8AndSize(value, &len);
    if (!text)
        return -1;
    if (!r->rq || len == 0)
        return 0;
    Py_XSETREF(r->route, Py_NewRef(value));
    pel_inflight_show_route(&r->rq->rec, pel_str(text, (size_t)len));
    return 0;
}

/* --- phases --- */

static int add_phase(PyObject *phases, const char *name, uint64_t ns)
{
    PyObject *value = PyFloat_FromDouble((double)ns / PEL_NS_PER_SEC);
    int rc = value ? PyDict_SetItemString(phases, name, value) : -1;

    Py_XDECREF(value);
    return rc;
}

static int add_phases(PyObject *phases, const struct pel_request *rq)
{
    uint64_t phase_ns[PEL_REQUEST_PHASE_N], total_ns = 0, now_ns = pel_now_ns();
    struct pel_spent spent;

    pel_record_phases(&rq->rec, now_ns, phase_ns);
    for (size_t i = 0; i < PEL_REQUEST_PHASE_N; i++) {
        total_ns += phase_ns[i];
        if (add_phase(phases, pel_request_phase_texts[i], phase_ns[i]) < 0)
            return -1;
    }
    if (add_phase(phases, "total", total_ns) < 0)
        return -1;
    pel_api.gateway->spent(rq, now_ns, &spent);
    return pel_cputime_is_known(&spent) ? add_phase(phases, "cpu", spent.cpu_ns) : 0;
}

static PyObject *get_phases(PyObject *self, void *unused)
{
    struct pel_api_request *r = as_request(self);
    PyObject *phases = PyDict_New();

    if (phases && r->rq && add_phases(phases, r->rq) < 0)
        Py_CLEAR(phases);
    return phases;
}

/* --- methods --- */

static PyObject *set_method(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    struct pel_api_request *r = as_request(self);

    if (n != 2 || !PyUnicode_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "set() takes a name, which is a str, and a value");
        return NULL;
    }
    if (r->rq)
        pel_api_attribute(&r->attributes, &r->attributes_len, args[0], args[1]);
    Py_RETURN_NONE;
}

static PyObject *keep_method(PyObject *self, PyObject *unused)
{
    struct pel_api_request *r = as_request(self);

    if (r->rq)
        r->is_kept = r->rq->rec.is_kept = true;
    Py_RETURN_NONE;
}

static PyObject *request_repr(PyObject *self)
{
    PyObject *id = get_trace_id(self, NULL), *text;

    text = id ? PyUnicode_FromFormat("<pellucid.Request of trace %U%s>", id,
                                     as_request(self)->rq ? "" : ", over")
              : NULL;
    Py_XDECREF(id);
    return text;
}

static PyGetSetDef request_getset[] = {
    {"trace_id", get_trace_id, NULL, "32 hex digits.", NULL},
    {"span_id", get_span_id, NULL, "16 hex digits: the SERVER span of the request.", NULL},
    {"route", get_route, set_route, "The route template, or None.", NULL},
    {"phases", get_phases, NULL, "Seconds so far by phase.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef request_methods[] = {
    {"set", (PyCFunction)(void (*)(void))set_method, METH_FASTCALL,
     "set(key, value)\n\nSets an attribute of the request's span."},
    {"keep", keep_method, METH_NOARGS,
     "keep()\n\nHas the request's span exported whatever sampling says."},
    {NULL, NULL, 0, NULL},
};

PyTypeObject pel_api_request_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "pellucid.Request",
    .tp_doc = "The request that is being answered.",
    .tp_basicsize = sizeof(struct pel_api_request),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_methods = request_methods,
    .tp_getset = request_getset,
    .tp_dealloc = request_dealloc,
    .tp_repr = request_repr,
};
