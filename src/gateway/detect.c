#include "gateway/detect.h"

#include <limits.h>

#include "gateway/strings.h"

#define DEPTH_MAX 32 /* of partials and decorators around a function */

enum kind { KIND_FAILED = -1, KIND_WSGI, KIND_ASGI };

/* A callable seen through: the function at its heart, and what is left of its signature. */
struct shape {
    PyObject *function; /* owned; has __code__; NULL when it cannot be looked into */
    Py_ssize_t n_bound; /* leading parameters that are given already: self, those of a partial */
    PyObject *keywords; /* owned; of the outermost partial that binds some, or NULL */
    Py_ssize_t n_required, n_most; /* positional parameters left; n_most may be PY_SSIZE_T_MAX */
    bool is_coroutine;
};

/* --- finding the function --- */

static bool is_partial(PyObject *obj)
{
    PyObject *functools = PyImport_ImportModule("functools");
    PyObject *partial = functools ? PyObject_GetAttrString(functools, "partial") : NULL;
    int result = partial ? PyObject_IsInstance(obj, partial) : 0;

    Py_XDECREF(functools);
    Py_XDECREF(partial);
    PyErr_Clear();
    return result > 0;
}

/* partial(f, *args, **keywords) -> f. Sets next, or leaves it NULL. */
static void open_partial(struct shape *s, PyObject *partial, PyObject **next)
{
    PyObject *args = PyObject_GetAttrString(partial, "args");
    PyObject *keywords = PyObject_GetAttrString(partial, "keywords");

    if (args && PyTuple_Check(args))
        s->n_bound += PyTuple_GET_SIZE(args);
    if (keywords && PyDict_Check(keywords) && PyDict_GET_SIZE(keywords) && !s->keywords)
        s->keywords = Py_NewRef(keywords);
    *next = pel_py_attr(partial, pel_interned.func);
    Py_XDECREF(args);
    Py_XDECREF(keywords);
    PyErr_Clear();
}

/* One layer less: a new reference, or NULL when there is no function below. */
static PyObject *open_layer(struct shape *s, PyObject *obj)
{
    PyObject *next = NULL;

    if (PyMethod_Check(obj)) {
        s->n_bound++;
        return Py_NewRef(PyMethod_GET_FUNCTION(obj));
    }
    if (is_partial(obj)) {
        open_partial(s, obj, &next);
        return next;
    }
    s->n_bound++;
    if (PyType_Check(obj))
        return pel_py_attr(obj, pel_interned.init);
    return pel_py_attr((PyObject *)Py_TYPE(obj), pel_interned.call);
}

static void find_function(struct shape *s, PyObject *app)
{
    PyObject *obj = Py_NewRef(app), *code, *next;

    for (int depth = 0; obj && depth < DEPTH_MAX; depth++) {
        code = PyMethod_Check(obj) ? NULL : pel_py_attr(obj, pel_interned.code);
        if (code && PyCode_Check(code)) {
            Py_DECREF(code);
            s->function = obj;
            return;
        }
        Py_XDECREF(code);
        /* __call__ of a built-in type is a slot wrapper, whose own __call__ is one too. */
        next = Py_IS_TYPE(obj, &PyWrapperDescr_Type) ? NULL : open_layer(s, obj);
        Py_SETREF(obj, next);
    }
    Py_XDECREF(obj);
}

/* --- reading it --- */

static bool is_true_attr(PyObject *obj, const char *name)
{
    PyObject *value = PyObject_GetAttrString(obj, name);
    int result = value ? PyObject_IsTrue(value) : 0;

    Py_XDECREF(value);
    PyErr_Clear();
    return result > 0;
}

static Py_ssize_t count_defaults(PyObject *function)
{
    PyObject *defaults = pel_py_attr(function, pel_interned.defaults);
    Py_ssize_t n = defaults && PyTuple_Check(defaults) ? PyTuple_GET_SIZE(defaults) : 0;

    Py_XDECREF(defaults);
    return n;
}

/* How many of the required parameters a partial gives by name. */
static Py_ssize_t count_named(const struct shape *s, PyCodeObject *code, Py_ssize_t n_required)
{
    PyObject *names = s->keywords ? PyCode_GetVarnames(code) : NULL;
    Py_ssize_t n = 0;

    for (Py_ssize_t i = s->n_bound; names && i < s->n_bound + n_required; i++)
        n += PyDict_Contains(s->keywords, PyTuple_GET_ITEM(names, i)) == 1;
    Py_XDECREF(names);
    PyErr_Clear();
    return n;
}

static void read_function(struct shape *s)
{
    PyCodeObject *code = (PyCodeObject *)pel_py_attr(s->function, pel_interned.code);
    Py_ssize_t n_named;

    PEL_ASSERT(code != NULL);
    s->is_coroutine = code->co_flags & (CO_COROUTINE | CO_ITERABLE_COROUTINE) ||
                      is_true_attr(s->function, "_is_coroutine_mark") ||
                      is_true_attr(s->function, "_is_coroutine");
    s->n_most = code->co_argcount > s->n_bound ? code->co_argcount - s->n_bound : 0;
    s->n_required = s->n_most - count_defaults(s->function);
    s->n_required = s->n_required > 0 ? s->n_required : 0;
    n_named = count_named(s, code, s->n_required);
    s->n_required -= n_named;
    s->n_most -= n_named;
    if (code->co_flags & CO_VARARGS)
        s->n_most = PY_SSIZE_T_MAX;
    Py_DECREF(code);
}

static enum kind fail(PyObject *app, const char *why)
{
    PyErr_Format(PyExc_TypeError, "%R %s", app, why);
    return KIND_FAILED;
}

static enum kind detect(PyObject *app, int depth);

/* A decorator that takes anything: what it decorates has to say. */
static enum kind detect_wrapped(struct shape *s, int depth)
{
    PyObject *wrapped = pel_py_attr(s->function, pel_interned.wrapped);
    enum kind kind = wrapped ? detect(wrapped, depth + 1) : KIND_WSGI;

    Py_XDECREF(wrapped);
    return kind;
}

static enum kind judge(PyObject *app, struct shape *s, int depth)
{
    if (!s->function)
        return KIND_WSGI;
    read_function(s);
    if (s->is_coroutine)
        return KIND_ASGI;
    if (s->n_required == 0 && s->n_most == PY_SSIZE_T_MAX && depth < DEPTH_MAX)
        return detect_wrapped(s, depth);
    if (s->n_required == 3)
        return KIND_ASGI;
    if (s->n_required == 1 && s->n_most == 1)
        return fail(app, "takes one argument, as the double callables of ASGI 2 do: wrap it with "
                         "asgiref.compatibility.guarantee_single_callable");
    if (s->n_required > 2 || s->n_most < 2)
        return fail(app, "takes neither (environ, start_response) of WSGI nor (scope, receive, "
                         "send) of ASGI");
    return KIND_WSGI;
}

static enum kind detect(PyObject *app, int depth)
{
    struct shape s = {NULL, 0, NULL, 0, 0, false};
    enum kind kind;

    if (!PyCallable_Check(app)) {
        PyErr_Format(PyExc_TypeError, "an object of type %s is not callable",
                     Py_TYPE(app)->tp_name);
        return KIND_FAILED;
    }
    find_function(&s, app);
    kind = judge(app, &s, depth);
    Py_XDECREF(s.function);
    Py_XDECREF(s.keywords);
    return kind;
}

static int is_kind(PyObject *app, enum kind wanted)
{
    enum kind kind;

    if (pel_interned_init() < 0)
        return -1;
    kind = detect(app, 0);
    pel_interned_fini();
    return kind == KIND_FAILED ? -1 : kind == wanted;
}

int pel_detect_asgi(PyObject *app)
{
    return is_kind(app, KIND_ASGI);
}

int pel_detect_wsgi(PyObject *app)
{
    return is_kind(app, KIND_WSGI);
}
