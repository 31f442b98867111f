#include "gcstats.h"

#include "pellucid/py.h"

#define GENERATIONS 3

static const struct {
    const char *key; /* of a dict of gc.get_stats() */
    enum pel_vital first;
} fields[] = {
    {"collections", PEL_VITAL_GC_0},
    {"collected", PEL_VITAL_GC_COLLECTED_0},
    {"uncollectable", PEL_VITAL_GC_UNCOLLECTABLE_0},
};

static struct {
    PyObject *get_stats; /* owned; NULL while closed */
    uint64_t last[PEL_ARRAY_LEN(fields)][GENERATIONS];
} gc;

static uint64_t number_of(PyObject *generation, const char *key)
{
    PyObject *value = PyDict_GetItemString(generation, key); /* borrowed */

    return value ? PyLong_AsUnsignedLongLongMask(value) : 0;
}

static void add(struct pel_shm_vitals *vs, PyObject *generation, size_t i)
{
    for (size_t f = 0; f < PEL_ARRAY_LEN(fields); f++) {
        uint64_t now = number_of(generation, fields[f].key);

        if (vs && now > gc.last[f][i])
            pel_vital_add(vs, fields[f].first + (enum pel_vital)i, now - gc.last[f][i]);
        gc.last[f][i] = now;
    }
}

/* vs NULL: only notes what there is. */
static void read_stats(struct pel_shm_vitals *vs)
{
    PyObject *stats = gc.get_stats ? PyObject_CallNoArgs(gc.get_stats) : NULL;
    Py_ssize_t n = stats && PyList_Check(stats) ? PyList_GET_SIZE(stats) : 0;

    for (Py_ssize_t i = 0; i < n && i < GENERATIONS; i++)
        if (PyDict_Check(PyList_GET_ITEM(stats, i)))
            add(vs, PyList_GET_ITEM(stats, i), (size_t)i);
    Py_XDECREF(stats);
    PyErr_Clear();
}

void pel_gcstats_open(struct pel_loop *loop)
{
    PyObject *module = PyImport_ImportModule("gc");

    gc.get_stats = module ? PyObject_GetAttrString(module, "get_stats") : NULL;
    Py_XDECREF(module);
    PyErr_Clear();
    read_stats(NULL);
    loop->gcstats_ns = 0;
}

void pel_gcstats_look(struct pel_loop *loop)
{
    read_stats(&loop->slot->vitals);
}

void pel_gcstats_close(struct pel_loop *loop)
{
    read_stats(&loop->slot->vitals);
    Py_CLEAR(gc.get_stats);
}
