#include "gateway/strings.h"
#include "gateway/wsgi.h"
#include "pellucid/conf.h"
#include "pellucid/put.h"

#define S pel_interned /* this file is about little else */

/* Sets key to value, which may be NULL with an exception; takes the reference. 0 or -1. */
static int set(PyObject *env, PyObject *key, PyObject *value)
{
    int result = value ? PyDict_SetItem(env, key, value) : -1;

    Py_XDECREF(value);
    return result;
}

static PyObject *latin_1(struct pel_str s)
{
    return PyUnicode_DecodeLatin1(s.p, (Py_ssize_t)s.len, NULL);
}

/* --- what requests have in common --- */

/* Where wsgi.errors goes: descriptor 2, whatever becomes of sys.stderr; a line leaves at once. */
static PyObject *open_errors(void)
{
    PyObject *io = PyImport_ImportModule("io"), *stream;

    if (!io)
        return NULL;
    stream = PyObject_CallMethod(io, "open", "isissOi", 2, "w", 1, "utf-8", "backslashreplace",
                                 Py_None, 0);
    Py_DECREF(io);
    return stream;
}

/* wsgi.input, wsgi.early_hints and HTTP_TRACEPARENT are here too, as places for what is each
 * request's own: setting them never makes the copy grow. */
static int set_common(PyObject *env, const struct pel_gateway_env *genv)
{
    PyObject *errors = open_errors();
    int result = errors ? 0 : -1;
    struct {
        PyObject *key, *value; /* value is owned */
    } common[] = {
        {S.wsgi_errors, errors},
        {S.server_software, Py_NewRef(S.software)},
        {S.wsgi_version, Py_BuildValue("(ii)", 1, 0)},
        {S.wsgi_input, Py_NewRef(Py_None)},
        {S.wsgi_input_terminated, Py_NewRef(Py_True)},
        {S.wsgi_multithread, PyBool_FromLong(genv->conf->server_threads > 1)},
        {S.wsgi_multiprocess, PyBool_FromLong(genv->is_multiprocess)},
        {S.wsgi_run_once, Py_NewRef(Py_False)},
        {S.wsgi_file_wrapper, Py_NewRef((PyObject *)&pel_wsgi_file_wrapper_type)},
        {S.wsgi_early_hints, Py_NewRef(Py_None)},
    };

    for (size_t i = 0; i < PEL_ARRAY_LEN(common); i++) {
        if (result == 0)
            result = set(env, common[i].key, common[i].value);
        else
            Py_XDECREF(common[i].value);
    }
    if (result == 0 && pel_wsgi.hands_trace_on)
        result = set(env, S.environ_names[PEL_HEADER_TRACEPARENT], Py_NewRef(Py_None));
    return result;
}

/* Makes the table of dict a size larger: its copies have room for header fields then. */
static int make_room(PyObject *dict)
{
    if (PyDict_SetItem(dict, S.remote_port, Py_None) < 0)
        return -1;
    return PyDict_DelItem(dict, S.remote_port);
}

int pel_wsgi_environ_prepare(const struct pel_gateway_env *genv)
{
    const char *root = genv->conf->server_root_path;

    pel_wsgi.root_path = pel_str(root, strlen(root));
    pel_wsgi.hidden_fields = pel_trace_hidden_fields(genv->conf) | PEL_HEADER_BIT(PEL_HEADER_HOST);
    pel_wsgi.other_trace_fields = pel_trace_other_fields(genv->conf);
    pel_wsgi.hands_trace_on = pel_strings_have(&genv->conf->trace_propagators, "tracecontext");
    pel_wsgi.base_environ = PyDict_New();
    if (!pel_wsgi.base_environ || pel_wsgi_kept_init() < 0 ||
        set_common(pel_wsgi.base_environ, genv) < 0)
        return -1;
    return make_room(pel_wsgi.base_environ);
}

/* --- header fields --- */

/* "x-real-ip" -> "HTTP_X_REAL_IP". */
static PyObject *make_name(struct pel_request *rq, struct pel_str name)
{
    char stack[64], *text = stack;
    size_t len = 5;

    if (name.len + len > sizeof(stack))
        text = pel_arena_alloc(&rq->arena, name.len + len);
    memcpy(text, "HTTP_", len);
    for (size_t i = 0; i < name.len; i++) {
        char c = name.p[i];

        text[len++] = (char)(c == '-' ? '_' : c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    return pel_str_cached(pel_str(text, len));
}

/* The value of a field. What may be secret, or is seldom the same, is not cached. */
static PyObject *make_value(const struct pel_header *h)
{
    if (h->id == PEL_HEADER_OTHER || h->id == PEL_HEADER_COOKIE ||
        h->id == PEL_HEADER_AUTHORIZATION)
        return latin_1(h->value);
    return pel_str_cached(h->value);
}

/* Adds a field, or joins it with the one of the same name that is there already. */
static int add(PyObject *env, PyObject *key, PyObject *value, const struct pel_header *h)
{
    const char *separator = h->id == PEL_HEADER_COOKIE ? "; " : ",";
    PyObject *there = PyDict_GetItemWithError(env, key);

    if (there)
        return set(env, key, PyUnicode_FromFormat("%U%s%U", there, separator, value));
    return PyErr_Occurred() ? -1 : PyDict_SetItem(env, key, value);
}

static int add_header(PyObject *env, struct pel_request *rq, const struct pel_header *h)
{
    PyObject *key, *value;
    int result = -1;

    key = h->id == PEL_HEADER_OTHER ? make_name(rq, h->name) : Py_NewRef(S.environ_names[h->id]);
    value = make_value(h);
    if (key && value)
        result = add(env, key, value, h);
    Py_XDECREF(key);
    Py_XDECREF(value);
    return result;
}

/* Trace context is ours to hand on; HTTP_HOST is that of the record. (Names with an underscore,
 * which could pass for others here, the parser has dropped.) */
static int set_headers(PyObject *env, struct pel_request *rq)
{
    const struct pel_head *head = rq->head;
    uint64_t hidden = pel_trace_hidden(pel_wsgi.hidden_fields, &rq->rec.trace);
    bool has_host = rq->rec.host.len > 0;

    for (size_t i = 0; i < head->n_headers; i++) {
        const struct pel_header *h = &head->headers[i];

        has_host |= h->id == PEL_HEADER_HOST;
        if (!(hidden & PEL_HEADER_BIT(h->id)) && add_header(env, rq, h) < 0)
            return -1;
    }
    return has_host ? 0 : PyDict_DelItem(env, S.environ_names[PEL_HEADER_HOST]);
}

static int set_trace(PyObject *env, const struct pel_trace *trace)
{
    PyObject *parent;

    if (!pel_wsgi.hands_trace_on)
        return 0;
    if (!(parent = PyUnicode_New(PEL_TRACEPARENT_LEN, 127)))
        return -1;
    pel_trace_format(trace, (char *)PyUnicode_1BYTE_DATA(parent));
    if (set(env, S.environ_names[PEL_HEADER_TRACEPARENT], parent) < 0)
        return -1;
    if (trace->state.len == 0)
        return 0;
    return set(env, S.environ_names[PEL_HEADER_TRACESTATE], latin_1(trace->state));
}

/* Our span in the other formats that the app may read. */
static int set_other_trace(PyObject *env, const struct pel_trace *trace)
{
    struct pel_header fields[PEL_TRACE_OTHERS_MAX];
    char text[PEL_TRACE_OTHERS_LEN];
    size_t n;

    if (PEL_LIKELY(!pel_wsgi.other_trace_fields))
        return 0;
    n = pel_trace_put_others(pel_wsgi.other_trace_fields, trace, text, fields);
    for (size_t i = 0; i < n; i++)
        if (set(env, S.environ_names[fields[i].id], latin_1(fields[i].value)) < 0)
            return -1;
    return 0;
}

static int set_client_port(PyObject *env, uint16_t port)
{
    char text[PEL_NUMBER_MAX];

    if (port == 0)
        return 0;
    return set(env, S.remote_port,
               pel_str_cached(pel_str(text, (size_t)(pel_put_number(text, port) - text))));
}

PyObject *pel_wsgi_environ_new(struct pel_request *rq)
{
    PyObject *env;

    /* Nothing lets another thread in between these two: PyDict_Copy has taken all entries before it
     * allocates what may run the garbage collector. */
    if (pel_wsgi_keep(rq) < 0 || !(env = PyDict_Copy(pel_wsgi.base_environ)))
        return NULL;
    if (set_headers(env, rq) == 0 && set_trace(env, &rq->rec.trace) == 0 &&
        set_other_trace(env, &rq->rec.trace) == 0 && set_client_port(env, rq->rec.client_port) == 0)
        return env;
    Py_DECREF(env);
    return NULL;
}
