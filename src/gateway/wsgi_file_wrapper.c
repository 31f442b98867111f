#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>

#include "gateway/strings.h"
#include "gateway/wsgi.h"

#define BLOCK_LEN 65536

/* wsgi.file_wrapper(filelike, block_size): an iterable that the gateway recognises. */
struct file_wrapper {
    PyObject ob_base;
    PyObject *filelike; /* owned */
    Py_ssize_t blksize;
};

/* The types whose descriptor holds what read() gives: others (gzip.GzipFile) may have a fileno()
 * that leads elsewhere. Owned. */
static PyObject *file_io, *buffered_reader, *buffered_random;

/* --- sendfile --- */

/* Calls a method that returns an integer; -1 when it cannot. */
static int64_t ask(PyObject *obj, PyObject *method)
{
    PyObject *result = PyObject_CallMethodNoArgs(obj, method);
    int64_t value = result && PyLong_Check(result) ? PyLong_AsLongLong(result) : -1;

    Py_XDECREF(result);
    PyErr_Clear();
    return value < 0 ? -1 : value;
}

static bool is_plain_file(PyObject *filelike)
{
    PyObject *type = (PyObject *)Py_TYPE(filelike), *raw;
    bool is_plain;

    if (type == file_io)
        return true;
    if (type != buffered_reader && type != buffered_random)
        return false;
    if (!(raw = pel_py_attr(filelike, pel_interned.raw)))
        return false;
    is_plain = (PyObject *)Py_TYPE(raw) == file_io;
    Py_DECREF(raw);
    return is_plain;
}

/* What was written to a file open for both must be in the file before the kernel reads it. */
static bool flush(PyObject *filelike)
{
    PyObject *result;

    if ((PyObject *)Py_TYPE(filelike) != buffered_random)
        return true;
    result = PyObject_CallMethodNoArgs(filelike, pel_interned.flush);
    PyErr_Clear();
    Py_XDECREF(result);
    return result != NULL;
}

int pel_wsgi_file_wrapper_fd(PyObject *wrapper, uint64_t *offset, uint64_t *len)
{
    PyObject *filelike = ((struct file_wrapper *)wrapper)->filelike;
    int64_t fd, at, flags;
    struct stat st;

    if (!is_plain_file(filelike) || !flush(filelike))
        return -1;
    fd = ask(filelike, pel_interned.fileno);
    at = ask(filelike, pel_interned.tell);
    if (fd < 0 || fd > INT32_MAX || at < 0)
        return -1;
    flags = fcntl((int)fd, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY || fstat((int)fd, &st) < 0 ||
        !S_ISREG(st.st_mode) || st.st_size == 0) /* those of /proc have no size, but content */
        return -1;
    *offset = (uint64_t)at;
    *len = st.st_size > at ? (uint64_t)(st.st_size - at) : 0;
    return (int)fd;
}

/* --- type --- */

static PyObject *new_wrapper(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"filelike", "blksize", NULL};
    struct file_wrapper *w;
    PyObject *filelike;
    Py_ssize_t blksize = BLOCK_LEN;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|n:file_wrapper", names, &filelike, &blksize))
        return NULL;
    if (!(w = (struct file_wrapper *)type->tp_alloc(type, 0)))
        return NULL;
    w->filelike = Py_NewRef(filelike);
    w->blksize = blksize;
    return (PyObject *)w;
}

static PyObject *next_block(PyObject *self)
{
    struct file_wrapper *w = (struct file_wrapper *)self;
    PyObject *size, *block;
    int is_block;

    if (!w->filelike || !(size = PyLong_FromSsize_t(w->blksize)))
        return NULL;
    block = PyObject_CallMethodOneArg(w->filelike, pel_interned.read, size);
    Py_DECREF(size);
    is_block = block ? PyObject_IsTrue(block) : -1;
    if (is_block <= 0)
        Py_CLEAR(block);
    return block;
}

static PyObject *close_wrapper(PyObject *self, PyObject *unused)
{
    struct file_wrapper *w = (struct file_wrapper *)self;
    PyObject *method, *result;

    if (!w->filelike || !(method = pel_py_attr(w->filelike, pel_interned.close)))
        Py_RETURN_NONE;
    result = PyObject_CallNoArgs(method);
    Py_DECREF(method);
    return result;
}

static int traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(((struct file_wrapper *)self)->filelike);
    return 0;
}

static int clear(PyObject *self)
{
    Py_CLEAR(((struct file_wrapper *)self)->filelike);
    return 0;
}

static void dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    clear(self);
    Py_TYPE(self)->tp_free(self);
}

static PyMethodDef methods[] = {
    {"close", close_wrapper, METH_NOARGS, PyDoc_STR("Closes the file, if it has a close().")},
    {NULL, NULL, 0, NULL}};

static PyMemberDef members[] = {
    {"filelike", T_OBJECT, offsetof(struct file_wrapper, filelike), READONLY, NULL},
    {"blksize", T_PYSSIZET, offsetof(struct file_wrapper, blksize), READONLY, NULL},
    {NULL, 0, 0, 0, NULL}};

PyTypeObject pel_wsgi_file_wrapper_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "pellucid.FileWrapper",
    .tp_doc =
        PyDoc_STR("file_wrapper(filelike, blksize=65536): an iterable of its blocks. Returned "
                  "by an app as it is, a real file is sent without being read by Python."),
    .tp_basicsize = sizeof(struct file_wrapper),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = new_wrapper,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = next_block,
    .tp_methods = methods,
    .tp_members = members,
    .tp_traverse = traverse,
    .tp_clear = clear,
    .tp_dealloc = dealloc,
};

int pel_wsgi_file_wrapper_type_init(void)
{
    PyObject *io = PyImport_ImportModule("io");

    if (!io)
        return -1;
    Py_XSETREF(file_io, PyObject_GetAttrString(io, "FileIO"));
    Py_XSETREF(buffered_reader, PyObject_GetAttrString(io, "BufferedReader"));
    Py_XSETREF(buffered_random, PyObject_GetAttrString(io, "BufferedRandom"));
    Py_DECREF(io);
    if (!file_io || !buffered_reader || !buffered_random)
        return -1;
    return PyType_Ready(&pel_wsgi_file_wrapper_type);
}
