#include "gateway/asgi_channel.h"

#include "gateway/freelist.h"
#include "gateway/asgi_loop.h"
#include "gateway/strings.h"
#include "pellucid/time.h"

static struct pel_freelist channels;

static PyObject *channel_repr(PyObject *self)
{
    return PyUnicode_FromFormat("<pellucid.%s>", ((struct pel_asgi_channel *)self)->ops->name);
}

static int channel_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(((struct pel_asgi_channel *)self)->waiters);
    return 0;
}

static int channel_clear(PyObject *self)
{
    Py_CLEAR(((struct pel_asgi_channel *)self)->waiters);
    return 0;
}

static void channel_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    channel_clear(self);
    pel_freelist_free(&channels, self);
}

static PyTypeObject channel_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "pellucid.Channel",
    .tp_doc = "receive or send of one ASGI call.",
    .tp_basicsize = sizeof(struct pel_asgi_channel),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_vectorcall_offset = offsetof(struct pel_asgi_channel, vectorcall),
    .tp_call = PyVectorcall_Call,
    .tp_repr = channel_repr,
    .tp_traverse = channel_traverse,
    .tp_clear = channel_clear,
    .tp_dealloc = channel_dealloc,
};

/* inspect.iscoroutinefunction and asyncio.iscoroutinefunction look for these marks. */
static int mark_as_coroutine_function(const char *module, const char *mark, const char *attribute)
{
    PyObject *m = PyImport_ImportModule(module);
    PyObject *value = m ? PyObject_GetAttrString(m, mark) : NULL;
    int rc = 0;

    if (value)
        rc = PyDict_SetItemString(channel_type.tp_dict, attribute, value);
    else
        PyErr_Clear(); /* this Python has no such mark */
    Py_XDECREF(value);
    Py_XDECREF(m);
    return rc;
}

int pel_asgi_channel_init(void)
{
    if (PyType_Ready(&channel_type) < 0 ||
        mark_as_coroutine_function("asyncio.coroutines", "_is_coroutine", "_is_coroutine") < 0 ||
        mark_as_coroutine_function("inspect", "_is_coroutine_mark", "_is_coroutine_marker") < 0)
        return -1;
    PyType_Modified(&channel_type);
    return 0;
}

void pel_asgi_channel_fini(void)
{
    pel_freelist_drop(&channels);
}

struct pel_asgi_channel *pel_asgi_channel_new(const struct pel_asgi_channel_ops *ops, void *owner)
{
    struct pel_asgi_channel *ch =
        (struct pel_asgi_channel *)pel_freelist_new(&channels, &channel_type);

    if (!ch)
        return NULL;
    ch->vectorcall = ops->call;
    ch->ops = ops;
    ch->owner = owner;
    ch->waiters = NULL;
    ch->since_ns = ch->waited_ns = 0;
    ch->is_clients = ch->is_gone = false;
    return ch;
}

static void begin_wait(struct pel_asgi_channel *ch)
{
    if (ch->since_ns)
        return;
    ch->since_ns = pel_now_ns();
    if (ch->ops->shift)
        ch->ops->shift(ch);
}

/* Nobody waits for the client any more. */
static void end_wait(struct pel_asgi_channel *ch)
{
    if (!ch->since_ns)
        return;
    ch->waited_ns += pel_now_ns() - ch->since_ns;
    ch->since_ns = 0;
    if (ch->ops->shift)
        ch->ops->shift(ch);
}

PyObject *pel_asgi_channel_wait(struct pel_asgi_channel *ch)
{
    PyObject *future;

    if (!ch->waiters) {
        ch->waiters = PyList_New(0);
        if (!ch->waiters)
            return NULL;
        if (!PyObject_GC_IsTracked((PyObject *)ch))
            PyObject_GC_Track(ch);
    }
    if (ch->is_clients)
        begin_wait(ch);
    future = PyObject_CallNoArgs(pel_asgi_loop.create_future);
    if (future && PyList_Append(ch->waiters, future) < 0)
        Py_CLEAR(future);
    return future;
}

void pel_asgi_channel_forget(struct pel_asgi_channel *ch, PyObject *future)
{
    Py_ssize_t i = ch->waiters ? PyList_GET_SIZE(ch->waiters) : 0;

    while (i-- > 0) {
        if (PyList_GET_ITEM(ch->waiters, i) != future)
            continue;
        if (PyList_SetSlice(ch->waiters, i, i + 1, NULL) < 0)
            PyErr_WriteUnraisable((PyObject *)ch);
        if (PyList_GET_SIZE(ch->waiters) == 0)
            end_wait(ch);
        return;
    }
}

bool pel_asgi_channel_wake(struct pel_asgi_channel *ch)
{
    PyObject *waiters = ch->waiters;
    Py_ssize_t n;

    if (!waiters)
        return false;
    ch->waiters = NULL;
    end_wait(ch);
    n = PyList_GET_SIZE(waiters);
    for (Py_ssize_t i = 0; i < n; i++)
        pel_asgi_loop_complete(PyList_GET_ITEM(waiters, i));
    Py_DECREF(waiters);
    return n > 0;
}

void pel_asgi_channel_end(struct pel_asgi_channel *ch, bool is_gone)
{
    ch->owner = NULL;
    ch->is_gone = is_gone;
    pel_asgi_channel_wake(ch);
}
