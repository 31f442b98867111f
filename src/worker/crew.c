#include "crew.h"

#include "pellucid/time.h"

/* How long threads have to leave when the loop has stopped. */
#define JOIN_NS PEL_NS_PER_SEC

static PyObject *run_thread(PyObject *self, PyObject *unused)
{
    pel_baton_serve(PyCapsule_GetPointer(self, NULL));
    Py_RETURN_NONE;
}

static PyMethodDef run_thread_def = {"pellucid_thread", run_thread, METH_NOARGS, NULL};

static int start_thread(struct pel_thread *t, PyObject *type)
{
    PyObject *self = PyCapsule_New(t, NULL, NULL);
    PyObject *target = self ? PyCFunction_New(&run_thread_def, self) : NULL;
    PyObject *args = PyTuple_New(0);
    PyObject *kwargs =
        target ? Py_BuildValue("{s:O,s:N,s:O}", "target", target, "name",
                               PyUnicode_FromFormat("pellucid-%u", t->id - 1), "daemon", Py_False)
               : NULL;
    PyObject *started = NULL;

    if (args && kwargs)
        t->object = PyObject_Call(type, args, kwargs);
    if (t->object)
        started = PyObject_CallMethod(t->object, "start", NULL);
    if (!started)
        Py_CLEAR(t->object);
    Py_XDECREF(started);
    Py_XDECREF(kwargs);
    Py_XDECREF(args);
    Py_XDECREF(target);
    Py_XDECREF(self);
    return t->object ? 0 : -1;
}

int pel_crew_start(struct pel_baton *b, struct pel_err *err)
{
    PyObject *threading = PyImport_ImportModule("threading");
    PyObject *type = threading ? PyObject_GetAttrString(threading, "Thread") : NULL;
    int rc = type ? 0 : -1;

    for (unsigned i = 1; rc == 0 && i < b->n_threads; i++)
        rc = start_thread(&b->threads[i], type);
    Py_XDECREF(type);
    Py_XDECREF(threading);
    if (rc == 0)
        return 0;
    PyErr_Clear();
    return pel_err_set(err, "cannot start %u application threads; lower server.threads",
                       b->n_threads);
}

/* Waits for a thread to leave. False when it is still in the app at end_ns. */
static bool join(struct pel_thread *t, uint64_t end_ns)
{
    uint64_t now_ns = pel_now_ns();
    double left_s = now_ns < end_ns ? (double)(end_ns - now_ns) / (double)PEL_NS_PER_SEC : 0;
    PyObject *done = PyObject_CallMethod(t->object, "join", "d", left_s);
    PyObject *alive = done ? PyObject_CallMethod(t->object, "is_alive", NULL) : NULL;
    bool has_left = alive == Py_False;

    PyErr_Clear();
    Py_XDECREF(alive);
    Py_XDECREF(done);
    return has_left;
}

unsigned pel_crew_join(struct pel_baton *b)
{
    uint64_t end_ns = pel_now_ns() + JOIN_NS;
    unsigned n_stuck = 0;

    pel_baton_stop(b);
    for (unsigned i = 1; i < b->n_threads; i++)
        if (b->threads[i].object && !join(&b->threads[i], end_ns))
            n_stuck++;
    return n_stuck;
}
