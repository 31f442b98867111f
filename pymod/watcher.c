#include <stdio.h>
#include <unistd.h>

#include "pellucid/ipc.h"
#include "pellucid/log.h"
#include "server.h"

PyObject *pel_server_changed(PyObject *module, PyObject *args)
{
    struct pel_msg msg = {.type = PEL_MSG_CHANGED, .pid = getpid()};
    const char *path;
    int control;

    if (!PyArg_ParseTuple(args, "is:changed", &control, &path))
        return NULL;
    snprintf(msg.text, sizeof(msg.text), "%s", path);
    if (pel_ipc_send(control, &msg, -1) == -1)
        return PyErr_SetFromErrno(PyExc_OSError);
    Py_RETURN_NONE;
}

PyObject *pel_server_hear(PyObject *module, PyObject *args)
{
    struct pel_msg msg;
    int control, fd, rc;

    if (!PyArg_ParseTuple(args, "i:hear", &control))
        return NULL;
    while ((rc = pel_ipc_recv(control, &msg, &fd)) == 1) {
        if (fd == -1)
            continue;
        if (msg.type == PEL_MSG_REOPEN_LOG)
            pel_log_take(fd);
        close(fd);
    }
    return PyBool_FromLong(rc != 0);
}
