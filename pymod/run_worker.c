#include <fcntl.h>
#include <stdlib.h>

#include "pellucid/log.h"
#include "pellucid/mem.h"
#include "pellucid/shm.h"
#include "pellucid/worker.h"
#include "server.h"

/* list: of descriptors. Fills n listeners, set to non-blocking. 0, or -1 with an exception. */
static int describe(struct pel_listener *listeners, PyObject *list, Py_ssize_t n)
{
    struct pel_err err;

    for (Py_ssize_t i = 0; i < n; i++) {
        int fd = PyObject_AsFileDescriptor(PyList_GET_ITEM(list, i));

        if (fd < 0)
            return -1;
        if (pel_listener_init(&listeners[i], fd, &err) < 0) {
            PyErr_SetString(PyExc_ValueError, err.text);
            return -1;
        }
        if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0) {
            PyErr_SetFromErrno(PyExc_OSError);
            return -1;
        }
    }
    return 0;
}

static int run_described(struct pel_worker_env *env)
{
    static struct pel_shm shm;
    struct pel_err err;
    int rc;

    pel_log_init((enum pel_log_level)env->conf->log_level,
                 (enum pel_log_format)env->conf->log_format, "worker");
    if (pel_shm_create(&shm, 1, &env->conf->http_known_methods, &err) < 0) {
        PyErr_SetString(PyExc_RuntimeError, err.text);
        return -1;
    }
    env->shm = &shm;
    rc = pel_worker_run(env, &err);
    if (rc != PEL_WORKER_STUCK)
        pel_shm_close(&shm);
    if (rc < 0)
        PyErr_SetString(PyExc_RuntimeError, err.text);
    return rc;
}

/* The configuration outlives the run when threads of the app are left. */
static int run_configured(PyObject *doc, struct pel_worker_env *env)
{
    struct pel_conf *conf = pel_mem_new(1, sizeof(*conf));
    int rc = pel_conf_from_python(conf, doc, Py_None);

    if (rc == 0) {
        env->conf = conf;
        rc = run_described(env);
        if (rc == PEL_WORKER_STUCK)
            return rc;
        pel_conf_fini(conf);
    }
    free(conf);
    return rc;
}

PyObject *pel_server_run_worker(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"doc", "app", "listeners", "access_fd", "control_fd", NULL};
    struct pel_worker_env env = {.control_fd = -1, .access_fd = -1};
    struct pel_listener *listeners;
    PyObject *doc, *list;
    Py_ssize_t n;
    int rc;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!OO!|ii:run_worker", names, &PyDict_Type, &doc,
                                     &env.app, &PyList_Type, &list, &env.access_fd,
                                     &env.control_fd))
        return NULL;
    n = PyList_GET_SIZE(list);
    listeners = pel_mem_new((size_t)n + 1, sizeof(*listeners));
    env.listeners = listeners;
    env.n_listeners = (size_t)n;
    rc = describe(listeners, list, n);
    if (rc == 0)
        rc = run_configured(doc, &env);
    if (rc != PEL_WORKER_STUCK)
        free(listeners);
    if (rc < 0)
        return NULL;
    Py_RETURN_NONE;
}
