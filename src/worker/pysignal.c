#include "pysignal.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "baton.h"
#include "pellucid/py.h"

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct pel_pysignal *ps = PEL_CONTAINER_OF(poll, struct pel_pysignal, poll);
    char bytes[64];

    while (read(ps->fds[0], bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes))
        ;
    atomic_store(&ps->baton->has_signal, true);
}

static int watch(struct pel_pysignal *ps)
{
    int rc = uv_poll_init(&ps->baton->loop->uv, &ps->poll, ps->fds[0]);

    return rc == 0 ? uv_poll_start(&ps->poll, UV_READABLE, on_readable) : rc;
}

/* signal.set_wakeup_fd; fd and the result may be -1. An exception is dropped: handlers then run
 * when the main thread happens to run the app. */
static int set_wakeup_fd(int fd)
{
    PyObject *module = PyImport_ImportModule("signal");
    PyObject *set = module ? PyObject_GetAttrString(module, "set_wakeup_fd") : NULL;
    PyObject *args = Py_BuildValue("(i)", fd);
    PyObject *kwargs = Py_BuildValue("{s:O}", "warn_on_full_buffer", Py_False);
    PyObject *old = set && args && kwargs ? PyObject_Call(set, args, kwargs) : NULL;
    long value = old ? PyLong_AsLong(old) : -1;

    PyErr_Clear();
    Py_XDECREF(old);
    Py_XDECREF(kwargs);
    Py_XDECREF(args);
    Py_XDECREF(set);
    Py_XDECREF(module);
    return (int)value;
}

int pel_pysignal_open(struct pel_pysignal *ps, struct pel_baton *b, struct pel_err *err)
{
    int rc;

    *ps = (struct pel_pysignal){.baton = b, .fds = {-1, -1}};
    if (pipe2(ps->fds, O_NONBLOCK | O_CLOEXEC) != 0) {
        ps->fds[0] = -1;
        return pel_err_sys(err, "cannot make a pipe");
    }
    rc = watch(ps);
    if (rc != 0) {
        close(ps->fds[0]);
        close(ps->fds[1]);
        ps->fds[0] = -1;
        return pel_err_set(err, "cannot watch a pipe: %s", uv_strerror(rc));
    }
    ps->old_fd = set_wakeup_fd(ps->fds[1]);
    return 0;
}

void pel_pysignal_close(struct pel_pysignal *ps)
{
    if (ps->fds[0] < 0)
        return;
    set_wakeup_fd(ps->old_fd);
    uv_close((uv_handle_t *)&ps->poll, NULL);
    close(ps->fds[0]);
    close(ps->fds[1]);
}

void pel_pysignal_run(void)
{
    if (PyErr_CheckSignals() == 0)
        return;
    if (PyErr_ExceptionMatches(PyExc_SystemExit) ||
        PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
        PyErr_Clear();
        raise(SIGTERM);
        return;
    }
    PyErr_WriteUnraisable(NULL);
}
