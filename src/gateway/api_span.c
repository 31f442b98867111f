#include "gateway/api.h"

#include "gateway/done.h"
#include "gateway/freelist.h"
#include "http/random.h"
#include "pellucid/child.h"
#include "pellucid/time.h"

static struct pel_freelist spans;

static struct pel_api_span *as_span(PyObject *self)
{
    return (struct pel_api_span *)self;
}

/* --- life --- */

/* A value that has texts only leads to no cycle, and most are such. */
static bool holds_containers(PyObject *values)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(values); i++)
        if (PyObject_IS_GC(PyTuple_GET_ITEM(values, i)))
            return true;
    return false;
}

/* Takes keys and values, which may be NULL. */
static PyObject *span_make(PyObject *name, PyObject *keys, PyObject *values)
{
    struct pel_api_span *s = (struct pel_api_span *)pel_freelist_new(&spans, &pel_api_span_type);

    if (!s) {
        Py_XDECREF(keys);
        Py_XDECREF(values);
        return NULL;
    }
    s->name = Py_NewRef(name);
    s->keys = keys;
    s->values = values;
    s->request = NULL;
    s->before = s->their_before = NULL;
    s->depth = 0;
    s->attributes = NULL;
    s->attributes_len = 0;
    if (values && holds_containers(values))
        PyObject_GC_Track(s);
    return (PyObject *)s;
}

static PyObject *pack_values(PyObject *const *values, Py_ssize_t n)
{
    PyObject *tuple = PyTuple_New(n);

    for (Py_ssize_t i = 0; tuple && i < n; i++)
        PyTuple_SET_ITEM(tuple, i, Py_NewRef(values[i]));
    return tuple;
}

static PyObject *span_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf,
                                 PyObject *names)
{
    PyObject *values;

    if (PyVectorcall_NARGS(nargsf) != 1 || !PyUnicode_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "span() takes a name, which is a str, and attributes");
        return NULL;
    }
    if (!names || PyTuple_GET_SIZE(names) == 0)
        return span_make(args[0], NULL, NULL);
    values = pack_values(args + 1, PyTuple_GET_SIZE(names));
    return values ? span_make(args[0], Py_NewRef(names), values) : NULL;
}

static int span_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(as_span(self)->values);
    Py_VISIT(as_span(self)->before);
    return 0;
}

static int span_clear(PyObject *self)
{
    Py_CLEAR(as_span(self)->keys);
    Py_CLEAR(as_span(self)->values);
    return 0;
}

/* All but what was before it. */
static void span_free(struct pel_api_span *s)
{
    PyObject_GC_UnTrack(s);
    Py_XDECREF(s->name);
    Py_XDECREF(s->keys);
    Py_XDECREF(s->values);
    Py_XDECREF(s->their_before);
    Py_XDECREF((PyObject *)s->request);
    PyMem_Free(s->attributes);
    pel_freelist_free(&spans, (PyObject *)s);
}

/* An app may leave any number of them open in each other, more than the stack would bear: those
 * that go with this one go one by one. */
static void span_dealloc(PyObject *self)
{
    PyObject *before = as_span(self)->before;

    span_free(as_span(self));
    while (before && Py_IS_TYPE(before, &pel_api_span_type) && Py_REFCNT(before) == 1) {
        struct pel_api_span *s = as_span(before);

        before = s->before;
        span_free(s);
    }
    Py_XDECREF(before);
}

/* --- entering --- */

static bool is_recorded(const struct pel_api_request *r)
{
    return (r->flags & PEL_TRACE_SAMPLED) || r->is_kept;
}

/* What is current, if spans below it are recorded: a new reference, or NULL (never an exception).
 * A WSGI request that is not sampled is not even given its object. */
static PyObject *recorded_scope(void)
{
    struct pel_request *running = pel_api_running;
    PyObject *scope;

    if (!pel_api.probes ||
        (running && !(running->rec.trace.flags & PEL_TRACE_SAMPLED) && !running->rec.is_kept))
        return NULL;
    scope = pel_api_current();
    if (!scope)
        PyErr_Clear();
    else if (!is_recorded(pel_api_request_behind(scope)))
        Py_CLEAR(scope);
    return scope;
}

/* Is s what is current, which is scope, or open around that? */
static bool is_around(const struct pel_api_span *s, PyObject *scope)
{
    while (scope != (PyObject *)s && scope && Py_IS_TYPE(scope, &pel_api_span_type))
        scope = as_span(scope)->before;
    return scope == (PyObject *)s;
}

static void draw_id(uint8_t id[8])
{
    uint64_t bits;

    do {
        bits = pel_random_next();
    } while (bits == 0);
    memcpy(id, &bits, sizeof(bits));
}

/* Opens s below scope, which is taken. */
static void open_below(struct pel_api_span *s, PyObject *scope)
{
    struct pel_api_request *request = pel_api_request_behind(scope);

    pel_api_own_span_id(scope, s->above_id);
    pel_api_span_id(scope, s->parent_id);
    Py_XSETREF(s->request, (struct pel_api_request *)Py_NewRef((PyObject *)request));
    s->before = scope;
    draw_id(s->id);
    if (pel_api_set_current((PyObject *)s) < 0)
        PyErr_Clear();
    if (pel_api_has_bridge())
        s->their_before = pel_api_bridge_enter_span(request, s->id);
    s->start_ns = pel_now_ns();
}

static void enter(struct pel_api_span *s)
{
    PyObject *scope;

    if (s->depth++ > 0 || !(scope = recorded_scope()))
        return;
    if (s->request && is_around(s, scope)) /* left elsewhere: no span is below itself */
        Py_DECREF(scope);
    else
        open_below(s, scope);
}

static PyObject *enter_method(PyObject *self, PyObject *unused)
{
    enter(as_span(self));
    return Py_NewRef(self);
}

static PyObject *aenter_method(PyObject *self, PyObject *unused)
{
    enter(as_span(self));
    return pel_done_new(self);
}

/* --- leaving --- */

/* The attributes that the app gave at first come before set, which it has set since. */
static struct pel_str pack_attributes(const struct pel_api_span *s, struct pel_str set, char *room)
{
    Py_ssize_t n = s->keys ? PyTuple_GET_SIZE(s->keys) : 0;
    struct pel_attribute a;
    size_t len = 0;

    if (n == 0)
        return set;
    for (Py_ssize_t i = 0; i < n; i++)
        pel_api_attribute(&room, &len, PyTuple_GET_ITEM(s->keys, i),
                          PyTuple_GET_ITEM(s->values, i));
    while (set.len && pel_attribute_next(&set, &a))
        len = pel_attribute_put(room, len, &a);
    return pel_str(room, len);
}

/* The tracestate of the request, in the arena of that: good until other code runs. */
static struct pel_str trace_state(const struct pel_api_request *r)
{
    struct pel_str state = PEL_STR_NONE;

    if (r->rq)
        return r->rq->rec.trace.state;
    if (r->state)
        pel_py_latin_1(r->state, &state);
    return state;
}

/* What a span that is being left is recorded as. The app's own code, which runs for its texts and
 * in the SDK, may enter the span again, here or in another thread. */
struct ended {
    struct pel_child child;
    struct pel_api_request *request; /* owned */
    char *attributes;                /* owned, packed; NULL without any */
    size_t attributes_len;
};

static void take_ended(struct pel_api_span *s, struct ended *e)
{
    *e = (struct ended){
        .child = {.start_ns = s->start_ns,
                  .end_ns = pel_now_ns(),
                  .trace_flags = s->request->flags},
        .request = (struct pel_api_request *)Py_NewRef((PyObject *)s->request),
        .attributes = s->attributes,
        .attributes_len = s->attributes_len,
    };
    memcpy(e->child.trace_id, s->request->trace_id, sizeof(e->child.trace_id));
    memcpy(e->child.span_id, s->id, sizeof(e->child.span_id));
    memcpy(e->child.parent_span_id, s->parent_id, sizeof(e->child.parent_span_id));
    memcpy(e->child.above_span_id, s->above_id, sizeof(e->child.above_span_id));
    s->attributes = NULL;
    s->attributes_len = 0;
}

static void write_ended(const struct pel_api_span *s, struct ended *e, PyObject *exc)
{
    char room[PEL_ATTRIBUTE_PACKED_MAX];
    struct pel_str *strings = e->child.strings, name;
    struct pel_arena arena;

    pel_arena_init(&arena);
    strings[PEL_CHILD_NAME] = pel_py_utf8(s->name, &name) ? name : PEL_STR("?");
    strings[PEL_CHILD_ATTRIBUTES] =
        pack_attributes(s, pel_str(e->attributes, e->attributes_len), room);
    if (exc)
        pel_gateway_describe(exc, &arena, &strings[PEL_CHILD_EXC_TYPE],
                             &strings[PEL_CHILD_EXC_MESSAGE], &strings[PEL_CHILD_EXC_STACK]);
    strings[PEL_CHILD_TRACE_STATE] = trace_state(e->request);
    if (pel_api.probes)
        pel_child_write(pel_api.probes, &e->child);
    pel_arena_reset(&arena);
    if (exc) /* the thread may be the app's own, which ends without giving its chunks back */
        pel_arena_thread_fini();
}

/* What was current before is so again, where s still is, or what a generator has left open in it:
 * not in the context of another task, or in a later request of its thread, which is where one may
 * be closed. */
static void restore(struct pel_api_span *s)
{
    PyObject *before = s->before, *their_before = s->their_before;
    PyObject *now = pel_api_current();
    bool is_here = is_around(s, now);

    s->before = s->their_before = NULL;
    if (is_here && their_before && pel_api_has_bridge())
        pel_api_bridge_leave_span(their_before);
    if (is_here)
        pel_api_set_current(before);
    PyErr_Clear();
    Py_XDECREF(now);
    Py_DECREF(before);
    Py_XDECREF(their_before);
}

/* exc: what ends the span (borrowed), or NULL. Only an Exception is a failure: a task that is
 * cancelled and a generator that is closed have not failed. */
static void leave(struct pel_api_span *s, PyObject *exc)
{
    struct ended e;

    if (s->depth == 0 || --s->depth > 0 || !s->before)
        return;
    take_ended(s, &e);
    restore(s);
    if (exc &&
        (!PyExceptionInstance_Check(exc) || !PyErr_GivenExceptionMatches(exc, PyExc_Exception)))
        exc = NULL;
    if (pel_api.probes)
        write_ended(s, &e, exc);
    Py_DECREF((PyObject *)e.request);
    PyMem_Free(e.attributes);
}

static int leave_with(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 3) {
        PyErr_SetString(PyExc_TypeError, "__exit__() takes a type, an exception and a traceback");
        return -1;
    }
    leave(as_span(self), args[1] == Py_None ? NULL : args[1]);
    return 0;
}

static PyObject *exit_method(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (leave_with(self, args, n) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *aexit_method(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    return leave_with(self, args, n) < 0 ? NULL : pel_done_none();
}

/* --- the rest --- */

static PyObject *set_method(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    struct pel_api_span *s = as_span(self);

    if (n != 2 || !PyUnicode_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "set() takes a name, which is a str, and a value");
        return NULL;
    }
    if (s->before)
        pel_api_attribute(&s->attributes, &s->attributes_len, args[0], args[1]);
    Py_RETURN_NONE;
}

static PyObject *again_method(PyObject *self, PyObject *unused)
{
    struct pel_api_span *s = as_span(self);

    return span_make(s->name, Py_XNewRef(s->keys), Py_XNewRef(s->values));
}

/* @span("name"): the wrapping is done in Python, once a function. */
static PyObject *span_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
    PyObject *module, *function, *result;

    if (!PyArg_UnpackTuple(args, "span", 1, 1, &function))
        return NULL;
    module = PyImport_ImportModule("pellucid.api");
    if (!module)
        return NULL;
    result = PyObject_CallMethod(module, "_decorate", "OO", self, function);
    Py_DECREF(module);
    return result;
}

static PyMethodDef span_methods[] = {
    {"__enter__", enter_method, METH_NOARGS, NULL},
    {"__exit__", (PyCFunction)(void (*)(void))exit_method, METH_FASTCALL, NULL},
    {"__aenter__", aenter_method, METH_NOARGS, NULL},
    {"__aexit__", (PyCFunction)(void (*)(void))aexit_method, METH_FASTCALL, NULL},
    {"set", (PyCFunction)(void (*)(void))set_method, METH_FASTCALL,
     "set(key, value)\n\nSets an attribute while the span is open."},
    {"_again", again_method, METH_NOARGS, "_again() -> Span\n\nAnother one, not entered."},
    {NULL, NULL, 0, NULL},
};

PyTypeObject pel_api_span_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "pellucid.Span",
    .tp_doc = "span(name, /, **attributes)\n\nA piece of the app's work, as a span of its own.",
    .tp_basicsize = sizeof(struct pel_api_span),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_vectorcall = span_vectorcall,
    .tp_call = span_call,
    .tp_methods = span_methods,
    .tp_traverse = span_traverse,
    .tp_clear = span_clear,
    .tp_dealloc = span_dealloc,
};

int pel_api_span_init(void)
{
    return PyType_Ready(&pel_api_span_type);
}
