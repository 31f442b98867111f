#include "pellucid/log.h"
#include "pellucid/mem.h"
#include "pellucid/template.h"
#include "server.h"

/* Of the process: it is one template, and then perhaps a worker, until it ends. */
static struct {
    struct pel_conf conf;
    struct pel_template *template;
    struct pel_worker_env env; /* outlives the call: threads of the app may */
} state;

static bool is_open(void)
{
    if (!state.template)
        PyErr_SetString(PyExc_RuntimeError, "template_open() comes first");
    return state.template != NULL;
}

/* Numbers of a list into fds. 0, or -1 with an exception. */
static int descriptors(int *fds, PyObject *list)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++) {
        fds[i] = PyObject_AsFileDescriptor(PyList_GET_ITEM(list, i));
        if (fds[i] < 0)
            return -1;
    }
    return 0;
}

static int open_template(PyObject *doc, const struct pel_template_fds *fds)
{
    struct pel_err err;

    if (pel_conf_from_python(&state.conf, doc, Py_None) < 0)
        return -1;
    state.template = pel_template_open(&state.conf, fds, &err);
    if (state.template)
        return 0;
    pel_conf_fini(&state.conf);
    PyErr_SetString(PyExc_RuntimeError, err.text);
    return -1;
}

PyObject *pel_server_template_open(PyObject *module, PyObject *args)
{
    struct pel_template_fds fds;
    PyObject *doc, *list;
    int *listen, rc;

    if (!PyArg_ParseTuple(args, "O!iiiiO!:template_open", &PyDict_Type, &doc, &fds.control,
                          &fds.shm, &fds.event, &fds.access, &PyList_Type, &list))
        return NULL;
    PEL_ASSERT(!state.template);
    fds.n_listen = (size_t)PyList_GET_SIZE(list);
    fds.listen = listen = pel_mem_new(fds.n_listen, sizeof(*listen));
    rc = descriptors(listen, list);
    if (rc == 0)
        rc = open_template(doc, &fds);
    free(listen);
    if (rc < 0)
        return NULL;
    Py_RETURN_NONE;
}

PyObject *pel_server_template_serve(PyObject *module, PyObject *args)
{
    if (!is_open())
        return NULL;
    return PyBool_FromLong(pel_template_serve(state.template));
}

PyObject *pel_server_start_failed(PyObject *module, PyObject *args)
{
    const char *why, *text;
    Py_ssize_t len;

    if (!PyArg_ParseTuple(args, "ss#:start_failed", &why, &text, &len) || !is_open())
        return NULL;
    pel_template_failed(state.template, why, pel_str(text, (size_t)len));
    Py_RETURN_NONE;
}

PyObject *pel_server_work(PyObject *module, PyObject *args)
{
    struct pel_err err;
    PyObject *app;

    if (!PyArg_ParseTuple(args, "O:work", &app) || !is_open())
        return NULL;
    pel_template_worker_env(state.template, &state.env);
    state.env.app = app;
    if (pel_worker_run(&state.env, &err) >= 0)
        Py_RETURN_TRUE;
    pel_template_failed(state.template, err.text, PEL_STR_NONE);
    Py_RETURN_FALSE;
}
