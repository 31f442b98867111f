/*
 * A worker's slot, with the parts of src/worker that fill it through Python: the module
 * _fake_worker. Times are nanoseconds of the monotonic clock.
 */
#include "pellucid/py.h"

#include "pellucid/shm.h"
#include "worker/gcstats.h"
#include "worker/lag.h"

static struct pel_shm_slot slot;
static struct pel_loop loop = {.slot = &slot};

static PyObject *lag_open(PyObject *self, PyObject *call_soon)
{
    memset(&slot.vitals, 0, sizeof(slot.vitals));
    if (pel_lag_open(&slot.vitals, call_soon) != 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *lag_close(PyObject *self, PyObject *unused)
{
    pel_lag_close();
    Py_RETURN_NONE;
}

static PyObject *lag_probe(PyObject *self, PyObject *now_ns)
{
    pel_lag_probe(PyLong_AsUnsignedLongLong(now_ns));
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

/* (how many were in the last bucket, how many in all, their sum) */
static PyObject *lags(PyObject *self, PyObject *unused)
{
    uint64_t n = 0, n_longest = slot.vitals.lag_buckets[PEL_LAG_BUCKETS - 1];

    for (size_t i = 0; i < PEL_LAG_BUCKETS; i++)
        n += slot.vitals.lag_buckets[i];
    return Py_BuildValue("KKK", n_longest, n, (uint64_t)slot.vitals.lag_sum_ns);
}

static PyObject *gc_open(PyObject *self, PyObject *unused)
{
    memset(&slot.vitals, 0, sizeof(slot.vitals));
    pel_gcstats_open(&loop);
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

static PyObject *gc_look(PyObject *self, PyObject *unused)
{
    pel_gcstats_look(&loop);
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

static PyObject *gc_close(PyObject *self, PyObject *unused)
{
    pel_gcstats_close(&loop);
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

static PyObject *gc_is_due(PyObject *self, PyObject *now_ns)
{
    loop.now_ns = PyLong_AsUnsignedLongLong(now_ns);
    return PyErr_Occurred() ? NULL : PyBool_FromLong(pel_gcstats_is_due(&loop));
}

/* The vitals by their names in tbl/vitals.h. */
static PyObject *vitals(PyObject *self, PyObject *unused)
{
    static const char *const names[] = {
#define PEL_VITAL(name, kind, unit, otel_name, key, value, text) #name,
#include "pellucid/tbl/vitals.h"
#undef PEL_VITAL
    };
    PyObject *result = PyDict_New();

    for (size_t v = 0; result && v < PEL_VITAL_N; v++) {
        PyObject *value = PyLong_FromUnsignedLongLong(pel_vital_read(&slot.vitals, v));

        if (!value || PyDict_SetItemString(result, names[v], value) < 0)
            Py_CLEAR(result);
        Py_XDECREF(value);
    }
    return result;
}

static PyMethodDef methods[] = {
    {"lag_open", lag_open, METH_O, NULL},      {"lag_close", lag_close, METH_NOARGS, NULL},
    {"lag_probe", lag_probe, METH_O, NULL},    {"lags", lags, METH_NOARGS, NULL},
    {"gc_open", gc_open, METH_NOARGS, NULL},   {"gc_look", gc_look, METH_NOARGS, NULL},
    {"gc_close", gc_close, METH_NOARGS, NULL}, {"gc_is_due", gc_is_due, METH_O, NULL},
    {"vitals", vitals, METH_NOARGS, NULL},     {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, .m_name = "_fake_worker", .m_size = -1,
                                    .m_methods = methods};

PyMODINIT_FUNC PyInit__fake_worker(void);

PyMODINIT_FUNC PyInit__fake_worker(void)
{
    return PyModule_Create(&module);
}
