#include "gateway/handled.h"
#include "gateway/route.h"
#include "gateway/strings.h"
#include "gateway/wsgi.h"

#define FREE_MAX 64

static PyObject *free_objects[FREE_MAX];
static size_t n_free;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "404 Not Found": three digits, a space, and a phrase without spaces around it. The phrase may be
 * empty (RFC 9112 section 4), as it is for a response that came to the app by HTTP/2, and then the
 * space may be missing, which other servers take, too. */
static bool is_status(struct pel_str s)
{
    return s.len >= 3 && s.p[0] != '0' && is_digit(s.p[0]) && is_digit(s.p[1]) &&
           is_digit(s.p[2]) && (s.len == 3 || s.p[3] == ' ') &&
           (s.len <= 4 || (s.p[4] != ' ' && s.p[s.len - 1] != ' '));
}

static int set_status(struct pel_exchange *x, PyObject *status)
{
    struct pel_str s;

    if (!PyUnicode_Check(status)) {
        PyErr_Format(PyExc_TypeError, "the status is of type %s, not str",
                     Py_TYPE(status)->tp_name);
        return -1;
    }
    if (!pel_py_latin_1(status, &s) || !is_status(s)) {
        PyErr_Format(PyExc_ValueError, "the status %R is not of the form '200 OK'", status);
        return -1;
    }
    for (size_t i = 4; i < s.len; i++) {
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f) {
            PyErr_Format(PyExc_ValueError, "the status %R has control characters", status);
            return -1;
        }
    }
    x->status = (uint16_t)((s.p[0] - '0') * 100 + (s.p[1] - '0') * 10 + (s.p[2] - '0'));
    x->reason = s.len > 4 ? pel_arena_dup(&x->rq->arena, pel_str(s.p + 4, s.len - 4)) : PEL_STR("");
    return 0;
}

static bool has_content_length(const struct pel_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (pel_str_ieq(fields[i].name, PEL_STR("content-length")))
            return true;
    return false;
}

static bool is_exc_info(PyObject *exc_info)
{
    return PyTuple_Check(exc_info) && PyTuple_GET_SIZE(exc_info) == 3 &&
           PyExceptionInstance_Check(PyTuple_GET_ITEM(exc_info, 1));
}

static void reraise(PyObject *exc_info)
{
    PyObject *value = PyTuple_GET_ITEM(exc_info, 1), *traceback = PyTuple_GET_ITEM(exc_info, 2);

    PyErr_Restore(Py_NewRef(PyExceptionInstance_Class(value)), Py_NewRef(value),
                  PyTraceBack_Check(traceback) ? Py_NewRef(traceback) : NULL);
}

/* May start_response be called now? 0, or -1 with an exception. */
static int check_order(struct pel_exchange *x, PyObject *exc_info)
{
    if (!exc_info && !x->is_started)
        return 0;
    x->is_misused = true;
    if (!exc_info) {
        PyErr_SetString(PyExc_AssertionError,
                        "start_response was called a second time without exc_info");
        return -1;
    }
    if (!is_exc_info(exc_info)) {
        PyErr_SetString(PyExc_TypeError, "exc_info is not what sys.exc_info() gives");
        return -1;
    }
    x->is_misused = false;
    if (!x->rq->has_head) {
        pel_handled_note(x->rq, PyTuple_GET_ITEM(exc_info, 1));
        return 0;
    }
    reraise(exc_info);
    return -1;
}

static int start(struct pel_exchange *x, PyObject *status, PyObject *headers)
{
    struct pel_request *rq = x->rq;
    struct pel_field *fields;
    PyObject *own;
    size_t n;

    if (set_status(x, status) < 0 || pel_wsgi_fields(rq, headers, &fields, &n) < 0) {
        x->is_misused = true;
        return -1;
    }
    x->fields = fields;
    x->n_fields = n;
    x->declares_length = has_content_length(fields, n);
    x->is_started = true;
    /* A framework that has left its route in environ has made it larger. */
    own = pel_route_find_own();
    if (own || PyDict_GET_SIZE(x->environ) != x->environ_len)
        pel_gateway_read_route(rq, x->environ, own);
    Py_XDECREF(own);
    return 0;
}

/* The third argument, by position or by name: borrowed, NULL without one. 0, or -1. */
static int get_exc_info(PyObject *const *args, Py_ssize_t n, PyObject *names, PyObject **exc_info)
{
    Py_ssize_t n_named = names ? PyTuple_GET_SIZE(names) : 0;

    *exc_info = NULL;
    if (n < 2 || n + n_named > 3) {
        PyErr_SetString(PyExc_TypeError,
                        "start_response takes status, headers and, perhaps, exc_info");
        return -1;
    }
    if (n_named && PyUnicode_Compare(PyTuple_GET_ITEM(names, 0), pel_interned.exc_info) != 0) {
        PyErr_Format(PyExc_TypeError, "start_response has no argument named %R",
                     PyTuple_GET_ITEM(names, 0));
        return -1;
    }
    if (n + n_named == 3 && args[2] != Py_None)
        *exc_info = args[2];
    return 0;
}

static PyObject *start_response(PyObject *self, PyObject *const *args, size_t nargsf,
                                PyObject *names)
{
    struct pel_exchange *x = (struct pel_exchange *)self;
    PyObject *exc_info;
    bool is_done;

    if (get_exc_info(args, PyVectorcall_NARGS(nargsf), names, &exc_info) < 0 ||
        pel_exchange_enter(x) < 0)
        return NULL;
    is_done = check_order(x, exc_info) == 0 && start(x, args[0], args[1]) == 0;
    pel_exchange_leave(x);
    return is_done ? pel_wsgi_method_new(&pel_wsgi_write, x) : NULL;
}

static void dealloc(PyObject *self)
{
    if (n_free < FREE_MAX)
        free_objects[n_free++] = self;
    else
        PyObject_Free(self);
}

static PyTypeObject exchange_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "pellucid.StartResponse",
    .tp_doc = PyDoc_STR("start_response(status, headers, exc_info=None): begins the response "
                        "(PEP 3333); returns write(bytes)."),
    .tp_basicsize = sizeof(struct pel_exchange),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_vectorcall_offset = offsetof(struct pel_exchange, vectorcall),
    .tp_call = PyVectorcall_Call,
    .tp_dealloc = dealloc,
};

int pel_exchange_type_init(void)
{
    return PyType_Ready(&exchange_type);
}

struct pel_exchange *pel_exchange_new(struct pel_request *rq, PyObject *env)
{
    struct pel_exchange *x;

    if (n_free > 0)
        x = (struct pel_exchange *)PyObject_Init(free_objects[--n_free], &exchange_type);
    else
        x = PyObject_New(struct pel_exchange, &exchange_type);
    if (!x)
        return NULL;
    memset((char *)x + sizeof(PyObject), 0, sizeof(*x) - sizeof(PyObject));
    x->vectorcall = start_response;
    x->rq = rq;
    x->environ = env;
    return x;
}
