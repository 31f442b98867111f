#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/asgi_exchange.h"

static int check_path(PyObject *path)
{
    if (!PyUnicode_Check(path)) {
        PyErr_Format(PyExc_TypeError, "path must be str, not %.100s", Py_TYPE(path)->tp_name);
        return -1;
    }
    if (PyUnicode_GET_LENGTH(path) == 0 || PyUnicode_READ_CHAR(path, 0) != '/') {
        PyErr_Format(PyExc_ValueError, "path must be absolute, not %R", path);
        return -1;
    }
    return 0;
}

int pel_asgi_file_open(PyObject *path, uint64_t *size)
{
    PyObject *bytes = NULL;
    struct stat st;
    int fd;

    if (check_path(path) < 0 || !PyUnicode_FSConverter(path, &bytes))
        return -1;
    fd = open(PyBytes_AS_STRING(bytes), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    Py_DECREF(bytes);
    if (fd < 0 || fstat(fd, &st) < 0) {
        PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, path);
    } else if (!S_ISREG(st.st_mode)) {
        PyErr_Format(PyExc_ValueError, "%R is no regular file", path);
    } else {
        *size = (uint64_t)st.st_size;
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}
