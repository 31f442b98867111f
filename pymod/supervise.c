#include <stdlib.h>

#include "pellucid/log.h"
#include "pellucid/mem.h"
#include "pellucid/supervisor.h"
#include "server.h"

/* The text of the exception that is set, as an error of ours; none is set any more. */
static int take_error(struct pel_err *err)
{
    PyObject *exception = pel_py_take_exception();
    PyObject *text = exception ? PyObject_Str(exception) : NULL;
    const char *line = text ? PyUnicode_AsUTF8(text) : NULL;

    pel_err_set(err, "%s", line && *line ? line : "the configuration cannot be read");
    PyErr_Clear();
    Py_XDECREF(text);
    Py_XDECREF(exception);
    return -1;
}

/* reading is (doc, sources, json, warnings). 0, or -1 with an exception set. */
static int take_reading(struct pel_reading *out, PyObject *reading)
{
    PyObject *doc, *sources;
    struct pel_conf *conf;
    const char *json, *warnings;
    Py_ssize_t len;

    if (!PyTuple_Check(reading)) {
        PyErr_SetString(PyExc_TypeError, "a reading is a tuple (doc, sources, json, warnings)");
        return -1;
    }
    if (!PyArg_ParseTuple(reading, "O!Os#s", &PyDict_Type, &doc, &sources, &json, &len, &warnings))
        return -1;
    conf = pel_mem_new(1, sizeof(*conf));
    if (pel_conf_from_python(conf, doc, sources) < 0) {
        free(conf);
        return -1;
    }
    *out = (struct pel_reading){.conf = conf,
                                .doc = pel_mem_dup(pel_str(json, (size_t)len)),
                                .warnings = pel_mem_dup(pel_str(warnings, strlen(warnings)))};
    return 0;
}

static int reload(void *data, struct pel_reading *out, struct pel_err *err)
{
    PyObject *reading = PyObject_CallNoArgs(data);
    int rc = reading ? take_reading(out, reading) : -1;

    Py_XDECREF(reading);
    return rc == 0 ? 0 : take_error(err);
}

/* The strings of a list, NULL-terminated; heap, freed with free_strings. NULL with an exception. */
static char **strings_of(PyObject *list)
{
    Py_ssize_t n = PyList_GET_SIZE(list);
    char **strings = pel_mem_new((size_t)n + 1, sizeof(*strings));

    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *bytes = NULL;

        if (!PyUnicode_FSConverter(PyList_GET_ITEM(list, i), &bytes)) {
            while (i-- > 0)
                free(strings[i]);
            free(strings);
            return NULL;
        }
        strings[i] =
            pel_mem_dup(pel_str(PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes)));
        Py_DECREF(bytes);
    }
    return strings;
}

static void free_strings(char **strings)
{
    if (!strings)
        return;
    for (char **s = strings; *s; s++)
        free(*s);
    free(strings);
}

PyObject *pel_server_supervise(PyObject *module, PyObject *args)
{
    PyObject *first, *again, *python, *argv, *status = NULL;
    struct pel_supervisor_env env = {.reload = reload};
    char **python_strings, **argv_strings;

    if (!PyArg_ParseTuple(args, "OOO!O!:supervise", &first, &again, &PyList_Type, &python,
                          &PyList_Type, &argv))
        return NULL;
    python_strings = strings_of(python);
    argv_strings = python_strings ? strings_of(argv) : NULL;
    if (argv_strings && take_reading(&env.first, first) == 0) {
        env.data = again;
        env.python = python_strings;
        env.argv = argv_strings;
        status = PyLong_FromLong(pel_supervise(&env));
    }
    free_strings(python_strings);
    free_strings(argv_strings);
    return status;
}
