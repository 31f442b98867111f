#include <math.h>

#include "gateway/api.h"
#include "pellucid/instrument.h"

struct instrument {
    PyObject_HEAD struct pel_instrument is;
    struct pel_shm_instruments *table; /* where index and plain are of; NULL: none yet */
    int index;                         /* -1: there is no room for it */
    struct pel_shm_point *plain;       /* of no attributes; NULL: not used yet */
};

static struct instrument *as_instrument(PyObject *self)
{
    return (struct instrument *)self;
}

/* --- making one --- */

/* Copies text, cut to a whole character; pymod/pellucid/instruments.py has checked what it is. */
static void put_text(char *room, size_t room_len, const char *text)
{
    size_t len = strlen(text);

    if (len >= room_len) {
        len = room_len - 1;
        while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
            len--;
    }
    memcpy(room, text, len);
    room[len] = '\0';
}

static int put_bounds(struct pel_instrument *is, PyObject *bounds)
{
    Py_ssize_t n = PyTuple_GET_SIZE(bounds);

    if (n > PEL_INSTRUMENT_BOUNDS_MAX) {
        PyErr_SetString(PyExc_ValueError, "too many boundaries");
        return -1;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        is->bounds[i] = PyFloat_AsDouble(PyTuple_GET_ITEM(bounds, i));
        if (PyErr_Occurred())
            return -1;
    }
    is->n_bounds = (uint8_t)n;
    return 0;
}

static PyObject *instrument_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    const char *name, *unit, *text;
    PyObject *bounds = NULL;
    struct instrument *i;

    if (!PyArg_ParseTuple(args, "sss|O!:instrument", &name, &unit, &text, &PyTuple_Type, &bounds))
        return NULL;
    i = (struct instrument *)type->tp_alloc(type, 0);
    if (!i)
        return NULL;
    i->is.kind = bounds ? PEL_INSTRUMENT_HISTOGRAM : PEL_INSTRUMENT_COUNTER;
    put_text(i->is.name, sizeof(i->is.name), name);
    put_text(i->is.unit, sizeof(i->is.unit), unit);
    put_text(i->is.text, sizeof(i->is.text), text);
    if (bounds && put_bounds(&i->is, bounds) < 0)
        Py_CLEAR(i);
    return (PyObject *)i;
}

/* --- measuring --- */

/* Packs the attributes in the order of their keys. */
static struct pel_str pack(char *room, PyObject *names, PyObject *const *values, Py_ssize_t n)
{
    Py_ssize_t order[PEL_POINT_ATTRIBUTES_MAX];
    size_t len = 0;

    for (Py_ssize_t i = 0; i < n; i++) {
        Py_ssize_t at = i;

        for (; at > 0 && PyUnicode_Compare(PyTuple_GET_ITEM(names, order[at - 1]),
                                           PyTuple_GET_ITEM(names, i)) > 0;
             at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (Py_ssize_t i = 0; i < n; i++)
        pel_api_attribute(&room, &len, PyTuple_GET_ITEM(names, order[i]), values[order[i]]);
    return pel_str(room, len);
}

static struct pel_shm_point *point_of(struct instrument *i, PyObject *names,
                                      PyObject *const *values)
{
    char room[PEL_ATTRIBUTE_PACKED_MAX];
    Py_ssize_t n = names ? PyTuple_GET_SIZE(names) : 0;

    if (n > PEL_POINT_ATTRIBUTES_MAX)
        return pel_point_overflow(i->table, i->index);
    if (n)
        return pel_point_find(i->table, i->index, pack(room, names, values, n));
    if (!i->plain)
        i->plain = pel_point_find(i->table, i->index, PEL_STR(""));
    return i->plain;
}

/* In this worker's table, where the instrument may be new. */
static void bind(struct instrument *i)
{
    i->table = pel_api.instruments;
    i->plain = NULL;
    i->index = pel_instrument_find(i->table, &i->is);
}

/* add(amount, /, **attributes) and record(...). What is no measurement counts for nothing. */
static PyObject *measure(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    struct instrument *i = as_instrument(self);
    double value;

    if (n != 1) {
        PyErr_SetString(PyExc_TypeError, "takes a number, and attributes by their names");
        return NULL;
    }
    value = PyFloat_AsDouble(args[0]);
    if (value == -1 && PyErr_Occurred()) {
        if (!PyErr_ExceptionMatches(PyExc_OverflowError)) /* an int beyond all floats */
            return NULL;
        PyErr_Clear();
    }
    if (!pel_api.instruments || !(value >= 0) || isinf(value))
        Py_RETURN_NONE;
    if (i->table != pel_api.instruments)
        bind(i);
    if (i->index >= 0)
        pel_point_add(point_of(i, names, args + 1), &i->is, value);
    Py_RETURN_NONE;
}

#define MEASURE ((PyCFunction)(void (*)(void))measure)
static PyMethodDef counter_methods[] = {
    {"add", MEASURE, METH_FASTCALL | METH_KEYWORDS, "add(amount, /, **attributes)"},
    {NULL, NULL, 0, NULL},
};

static PyMethodDef histogram_methods[] = {
    {"record", MEASURE, METH_FASTCALL | METH_KEYWORDS, "record(value, /, **attributes)"},
    {NULL, NULL, 0, NULL},
};

PyTypeObject pel_api_counter_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "pellucid.Counter",
    .tp_doc = "Made by pellucid.counter().",
    .tp_basicsize = sizeof(struct instrument),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_methods = counter_methods,
    .tp_new = instrument_new,
};

PyTypeObject pel_api_histogram_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "pellucid.Histogram",
    .tp_doc = "Made by pellucid.histogram().",
    .tp_basicsize = sizeof(struct instrument),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_methods = histogram_methods,
    .tp_new = instrument_new,
};

int pel_api_instruments_init(void)
{
    return PyType_Ready(&pel_api_counter_type) < 0 ? -1 : PyType_Ready(&pel_api_histogram_type);
}
