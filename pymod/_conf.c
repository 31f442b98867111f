/*
 * _conf - the directive table and its checks, and the table of log lines, for Python: `pellucid
 * check`, `pellucid config`, the generated files. No libuv, no state; every call stands for itself.
 */
#include "pellucid/conf.h"
#include "pellucid/log.h"
#include "pellucid/py.h"
#include "value.h"

static PyObject *check(PyObject *module, PyObject *args)
{
    PyObject *doc, *sources = Py_None;
    struct pel_value value;
    struct pel_conf conf;
    struct pel_err err;

    if (!PyArg_ParseTuple(args, "O!|O:check", &PyDict_Type, &doc, &sources))
        return NULL;
    if (pel_value_from_python(&value, doc, sources) < 0)
        return NULL;
    if (pel_conf_load(&conf, &value, &err) < 0) {
        pel_value_fini(&value);
        PyErr_SetString(PyExc_ValueError, err.text);
        return NULL;
    }
    pel_value_fini(&value);
    pel_conf_fini(&conf);
    Py_RETURN_NONE;
}

static PyObject *directive(const struct pel_directive *d)
{
    char accepts[256];

    pel_directive_allowed(d, accepts, sizeof(accepts));
    return Py_BuildValue("{s:s,s:s,s:s,s:z,s:s,s:O,s:O,s:s}", "section", d->section, "key", d->key,
                         "type", pel_type_name(d->type), "default", d->dflt, "accepts", accepts,
                         "is_live", d->is_live ? Py_True : Py_False, "is_secret",
                         pel_directive_is_secret(d) ? Py_True : Py_False, "text", d->text);
}

static int append(PyObject *list, const struct pel_directive *table, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        PyObject *row = directive(&table[i]);
        int rc = row ? PyList_Append(list, row) : -1;

        Py_XDECREF(row);
        if (rc < 0)
            return -1;
    }
    return 0;
}

static PyObject *directives(PyObject *module, PyObject *args)
{
    PyObject *list = PyList_New(0);

    if (list && (append(list, pel_directives, pel_n_directives) < 0 ||
                 append(list, pel_route_directives, pel_n_route_directives) < 0))
        Py_CLEAR(list);
    return list;
}

static PyObject *logs(PyObject *module, PyObject *args)
{
    PyObject *list = PyList_New(0);

    for (size_t i = 0; list && i < PEL_LOG_N; i++) {
        const struct pel_log_info *info = &pel_log_infos[i];
        PyObject *row = Py_BuildValue("{s:s,s:s,s:s}", "code", info->code, "level",
                                      pel_log_level_name(info->level), "meaning", info->meaning);

        if (!row || PyList_Append(list, row) < 0)
            Py_CLEAR(list);
        Py_XDECREF(row);
    }
    return list;
}

static PyMethodDef methods[] = {
    {"check", check, METH_VARARGS,
     "check(doc, sources=None)\n\nRaises ValueError with one line when the nested dict doc is no "
     "valid configuration; sources says where values come from: {'server.bind': '--bind'}."},
    {"directives", directives, METH_NOARGS,
     "directives() -> list of dict\n\nThe rows of the directive table, those of [[route]] last."},
    {"logs", logs, METH_NOARGS,
     "logs() -> list of dict\n\nThe lines of the server's own log: code, level and meaning of "
     "each."},
    {NULL, NULL, 0, NULL},
};

static int fill(PyObject *module)
{
    return PyModule_AddStringConstant(module, "version", PEL_VERSION);
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, fill}, {0, NULL}};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "pellucid._conf",
    .m_doc = "The directive table of pellucid.toml and its checks.",
    .m_size = 0,
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__conf(void);

PyMODINIT_FUNC PyInit__conf(void)
{
    return PyModuleDef_Init(&definition);
}
