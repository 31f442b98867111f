#include "gateway/place.h"

#include "gateway/strings.h"

static bool has(struct pel_str s, const char *part)
{
    return s.len && memmem(s.p, s.len, part, strlen(part)) != NULL;
}

/* The folder of the standard library, which is that of os.py: a new reference, or NULL. */
static PyObject *library_file(void)
{
    PyObject *os = PyImport_ImportModule("os");
    PyObject *file = os ? pel_py_attr(os, pel_interned.file) : NULL;

    PyErr_Clear();
    Py_XDECREF(os);
    return file;
}

/* library: "/usr/lib/python3.11/os.py". */
static bool is_of_app(PyObject *name, struct pel_str library)
{
    const char *slash = library.len ? memrchr(library.p, '/', library.len) : NULL;
    size_t folder_len = slash ? (size_t)(slash + 1 - library.p) : 0;
    struct pel_str file;

    if (!pel_py_utf8(name, &file))
        return true;
    if (!file.len || file.p[0] == '<' || has(file, "/site-packages/") ||
        has(file, "/dist-packages/"))
        return false;
    return folder_len == 0 || file.len < folder_len || memcmp(file.p, library.p, folder_len) != 0;
}

static PyCodeObject *code_of(PyObject *traceback)
{
    return PyFrame_GetCode(((PyTracebackObject *)traceback)->tb_frame);
}

/* The traceback entry that counts: borrowed. */
static PyObject *innermost(PyObject *traceback)
{
    PyObject *library = library_file(), *last = NULL, *of_app = NULL;
    struct pel_str folder;

    pel_py_utf8(library, &folder);
    for (PyObject *at = traceback; at && PyTraceBack_Check(at);
         at = (PyObject *)((PyTracebackObject *)at)->tb_next) {
        PyCodeObject *code = code_of(at);

        last = at;
        if (is_of_app(code->co_filename, folder))
            of_app = at;
        Py_DECREF(code);
    }
    Py_XDECREF(library);
    return of_app ? of_app : last;
}

/* "shop.views.load" */
static struct pel_str function_name(PyObject *traceback, PyCodeObject *code,
                                    struct pel_arena *arena)
{
    PyObject *globals = PyFrame_GetGlobals(((PyTracebackObject *)traceback)->tb_frame);
    struct pel_str module, name, out;
    char *room;

    pel_py_utf8(globals ? PyDict_GetItemWithError(globals, pel_interned.name) : NULL, &module);
    pel_py_utf8(code->co_qualname, &name);
    room = pel_arena_alloc(arena, module.len + 1 + name.len);
    out = pel_str(room, 0);
    if (module.len) {
        memcpy(room, module.p, module.len);
        room[module.len] = '.';
        out.len = module.len + 1;
    }
    if (name.len)
        memcpy(room + out.len, name.p, name.len);
    out.len += name.len;
    PyErr_Clear();
    Py_XDECREF(globals);
    return out;
}

static uint32_t line_of(PyObject *traceback)
{
    PyObject *number = pel_py_attr(traceback, pel_interned.tb_lineno);
    long line = number && PyLong_Check(number) ? PyLong_AsLong(number) : 0;

    PyErr_Clear();
    Py_XDECREF(number);
    return line > 0 ? (uint32_t)line : 0;
}

void pel_place_find(PyObject *exc, struct pel_arena *arena, struct pel_exception *out)
{
    PyObject *traceback = PyException_GetTraceback(exc);
    PyObject *at = traceback ? innermost(traceback) : NULL;
    PyCodeObject *code = at ? code_of(at) : NULL;
    struct pel_str file;

    out->function = out->file = PEL_STR("");
    out->line = 0;
    if (code) {
        out->function = function_name(at, code, arena);
        pel_py_utf8(code->co_filename, &file);
        out->file = pel_arena_dup(arena, file);
        out->line = line_of(at);
        Py_DECREF(code);
    }
    Py_XDECREF(traceback);
}
