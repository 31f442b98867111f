#include <stdio.h>
#include <unistd.h>

#include "pellucid/ipc.h"
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
