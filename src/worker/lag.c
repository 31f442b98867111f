#include "lag.h"

#include "pellucid/time.h"

#define EVERY_NS (100 * PEL_NS_PER_MS)

static struct {
    struct pel_shm_vitals *vitals;
    PyObject *call_soon; /* borrowed */
    PyObject *on_run;    /* owned; NULL while closed */
    uint64_t since_ns;   /* when the callback was scheduled; 0 = it is not */
    uint64_t next_ns;
} lag;

static PyObject *on_run(PyObject *self, PyObject *unused)
{
    uint64_t now_ns = pel_now_ns();

    if (lag.since_ns)
        pel_lag_add(lag.vitals, now_ns - lag.since_ns);
    lag.since_ns = 0;
    lag.next_ns = now_ns + EVERY_NS;
    Py_RETURN_NONE;
}

static PyMethodDef on_run_def = {"pellucid_lag", on_run, METH_NOARGS, NULL};

int pel_lag_open(struct pel_shm_vitals *vitals, PyObject *call_soon)
{
    lag.vitals = vitals;
    lag.call_soon = call_soon;
    lag.since_ns = lag.next_ns = 0;
    lag.on_run = PyCFunction_New(&on_run_def, NULL);
    return lag.on_run ? 0 : -1;
}

void pel_lag_close(void)
{
    Py_CLEAR(lag.on_run);
}

void pel_lag_probe(uint64_t now_ns)
{
    PyObject *handle;

    if (PEL_LIKELY(lag.since_ns || now_ns < lag.next_ns) || !lag.on_run)
        return;
    handle = PyObject_CallOneArg(lag.call_soon, lag.on_run);
    if (!handle) {
        PyErr_Clear(); /* the loop is closed: whoever needs it will say so */
        return;
    }
    Py_DECREF(handle);
    lag.since_ns = now_ns;
}
