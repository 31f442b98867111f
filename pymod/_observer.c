/*
 * _observer - the observer process for `python -m pellucid.observer`. The only extension module
 * with libcurl; imported by that process alone.
 */
#include "pellucid/conf.h"
#include "pellucid/log.h"
#include "pellucid/mem.h"
#include "pellucid/observer.h"
#include "pellucid/py.h"
#include "value.h"

static int load_conf(struct pel_conf *conf, PyObject *doc)
{
    struct pel_value value;
    struct pel_err err;
    int rc;

    if (pel_value_from_python(&value, doc, Py_None) < 0)
        return -1;
    rc = pel_conf_load(conf, &value, &err);
    pel_value_fini(&value);
    if (rc < 0)
        PyErr_SetString(PyExc_ValueError, err.text);
    return rc;
}

/* A list of descriptors as an array that the caller frees. NULL with an exception set. */
static int *descriptors(PyObject *list, size_t *n)
{
    Py_ssize_t len = PyList_GET_SIZE(list);
    int *fds = pel_mem_new(len ? (size_t)len : 1, sizeof(*fds));

    for (Py_ssize_t i = 0; i < len; i++) {
        fds[i] = (int)PyLong_AsLong(PyList_GET_ITEM(list, i));
        if (PyErr_Occurred()) {
            free(fds);
            return NULL;
        }
    }
    *n = (size_t)len;
    return fds;
}

static int run_with(struct pel_observer_env *env, int shm_fd, int event_fd, struct pel_err *err)
{
    struct pel_shm shm;
    int rc;

    pel_log_init((enum pel_log_level)env->conf->log_level,
                 (enum pel_log_format)env->conf->log_format, "observer");
    if (pel_shm_attach(&shm, shm_fd, event_fd, err) < 0) {
        pel_log(PEL_LOG_OBSERVER_FAILED, "%s", err->text);
        return -1;
    }
    env->shm = &shm;
    rc = pel_observer_run(env, err);
    if (rc < 0)
        pel_log(PEL_LOG_OBSERVER_FAILED, "%s", err->text);
    pel_shm_close(&shm);
    return rc;
}

static PyObject *run(PyObject *module, PyObject *args)
{
    int shm_fd, event_fd, rc, *admin_fds;
    struct pel_observer_env env = {.control_fd = -1};
    PyObject *doc, *list;
    struct pel_conf conf;
    struct pel_err err;

    if (!PyArg_ParseTuple(args, "O!iiiO!:run", &PyDict_Type, &doc, &shm_fd, &event_fd,
                          &env.control_fd, &PyList_Type, &list))
        return NULL;
    admin_fds = descriptors(list, &env.n_admin_fds);
    if (!admin_fds)
        return NULL;
    if (load_conf(&conf, doc) < 0) {
        free(admin_fds);
        return NULL;
    }
    env.conf = &conf;
    env.admin_fds = admin_fds;
    Py_BEGIN_ALLOW_THREADS rc = run_with(&env, shm_fd, event_fd, &err);
    Py_END_ALLOW_THREADS pel_conf_fini(&conf);
    free(admin_fds);
    if (rc < 0) {
        PyErr_SetString(PyExc_RuntimeError, err.text);
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"run", run, METH_VARARGS,
     "run(doc, shm_fd, event_fd, control_fd, admin_fds)\n\nObserves until control_fd is at its end "
     "(or, with -1, until SIGTERM), then flushes. doc is the configuration as {section: {key: "
     "value}}; the descriptors are taken over. Raises ValueError for a faulty doc, RuntimeError "
     "when it cannot start, which it has logged."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "pellucid._observer",
    .m_doc = "The observer: export and admin address.",
    .m_size = 0,
    .m_methods = methods,
};

PyMODINIT_FUNC PyInit__observer(void);

PyMODINIT_FUNC PyInit__observer(void)
{
    return PyModuleDef_Init(&definition);
}
