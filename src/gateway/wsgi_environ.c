#include <stdio.h>

#include "pellucid/conf.h"
#include "gateway/strings.h"
#include "gateway/wsgi.h"
#include "http/syntax.h"

#define S pel_interned /* this file is about little else */

/* Sets key to value, which may be NULL with an exception; takes the reference. 0 or -1. */
static int set(PyObject *env, PyObject *key, PyObject *value)
{
    int result = value ? PyDict_SetItem(env, key, value) : -1;

    Py_XDECREF(value);
    return result;
}

static int set_cached(PyObject *env, PyObject *key, struct pel_str value)
{
    return set(env, key, pel_str_cached(value));
}

static int set_port(PyObject *env, PyObject *key, uint16_t port)
{
    char text[8];
    int len = snprintf(text, sizeof(text), "%u", (unsigned)port);

    return set_cached(env, key, pel_str(text, (size_t)len));
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

/* All keys that every request has are here, so that setting them never makes the copy grow. */
static int set_common(PyObject *env, const struct pel_gateway_env *genv)
{
    PyObject *errors = open_errors();
    int result = errors ? 0 : -1;
    struct {
        PyObject *key, *value; /* value is owned */
    } common[] = {
        {S.wsgi_errors, errors},
        {S.request_method, Py_NewRef(S.get)},
        {S.script_name, Py_NewRef(pel_wsgi.script_name)},
        {S.path_info, Py_NewRef(S.empty)},
        {S.query_string, Py_NewRef(S.empty)},
        {S.raw_uri, Py_NewRef(S.empty)},
        {S.request_uri, Py_NewRef(S.empty)},
        {S.server_protocol, Py_NewRef(S.http_1_1)},
        {S.server_software, Py_NewRef(S.software)},
        {S.server_name, Py_NewRef(S.localhost)},
        {S.server_port, Py_NewRef(S.empty)},
        {S.remote_addr, Py_NewRef(S.empty)},
        {S.wsgi_version, Py_BuildValue("(ii)", 1, 0)},
        {S.wsgi_url_scheme, Py_NewRef(S.http)},
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
    return result;
}

static bool is_listed(const struct pel_strings *list, const char *word)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i], word) == 0)
            return true;
    return false;
}

int pel_wsgi_environ_prepare(const struct pel_gateway_env *genv)
{
    const char *root = genv->conf->server_root_path;

    pel_wsgi.root_path = pel_str(root, strlen(root));
    pel_wsgi.hands_trace_on = is_listed(&genv->conf->trace_propagators, "tracecontext");
    pel_wsgi.hands_baggage_on = is_listed(&genv->conf->trace_propagators, "baggage");
    pel_wsgi.script_name = PyUnicode_DecodeLatin1(root, (Py_ssize_t)strlen(root), NULL);
    pel_wsgi.base_environ = PyDict_New();
    if (!pel_wsgi.script_name || !pel_wsgi.base_environ)
        return -1;
    return set_common(pel_wsgi.base_environ, genv);
}

/* --- the target --- */

/* Undoes percent-encoding; what is no encoding stays as it is. */
static struct pel_str decode_path(struct pel_request *rq, struct pel_str path)
{
    size_t len = 0;
    char *out;

    if (!memchr(path.p, '%', path.len))
        return path;
    out = pel_arena_alloc(&rq->arena, path.len);
    for (size_t i = 0; i < path.len; i++) {
        int high = -1, low = -1;

        if (path.p[i] == '%' && i + 2 < path.len) {
            high = pel_syntax_hex(path.p[i + 1]);
            low = pel_syntax_hex(path.p[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            out[len++] = (char)(high << 4 | low);
            i += 2;
        } else {
            out[len++] = path.p[i];
        }
    }
    return pel_str(out, len);
}

/* The prefix that a proxy has taken off, with root_path behind it. */
static int set_script_name(PyObject *env, struct pel_request *rq)
{
    size_t len = rq->prefix.len + pel_wsgi.root_path.len;
    char *name;

    if (rq->prefix.len == 0)
        return 0;
    name = pel_arena_alloc(&rq->arena, len);
    memcpy(name, rq->prefix.p, rq->prefix.len);
    if (pel_wsgi.root_path.len)
        memcpy(name + rq->prefix.len, pel_wsgi.root_path.p, pel_wsgi.root_path.len);
    return set_cached(env, S.script_name, pel_str(name, len));
}

/*
 * PATH_INFO is the path behind root_path. A path outside of root_path comes from a proxy that has
 * taken root_path off: PATH_INFO is all of it then, and SCRIPT_NAME stays what it is, so that the
 * URLs an app makes are right either way.
 */
static int set_path(PyObject *env, struct pel_request *rq)
{
    struct pel_str path = decode_path(rq, rq->head->path), root = pel_wsgi.root_path;

    if (root.len && path.len >= root.len && memcmp(path.p, root.p, root.len) == 0 &&
        (path.len == root.len || path.p[root.len] == '/'))
        path = pel_str(path.p + root.len, path.len - root.len);
    if (set_script_name(env, rq) < 0)
        return -1;
    return set_cached(env, S.path_info, path);
}

static int set_target(PyObject *env, struct pel_request *rq)
{
    const struct pel_head *head = rq->head;
    PyObject *target = pel_str_cached(head->target);

    if (set(env, S.raw_uri, Py_XNewRef(target)) < 0 || set(env, S.request_uri, target) < 0 ||
        set_path(env, rq) < 0)
        return -1;
    if (head->query.len && set_cached(env, S.query_string, head->query) < 0)
        return -1;
    if (!pel_str_eq(head->method, PEL_STR("GET")) &&
        set_cached(env, S.request_method, head->method) < 0)
        return -1;
    return head->version_minor == 0 ? set(env, S.server_protocol, Py_NewRef(S.http_1_0)) : 0;
}

/* --- the ends of the connection --- */

/* A unix socket has no name of its own: what the client called the server has to do. */
static int set_server_of_unix(PyObject *env, const struct pel_request *rq)
{
    struct pel_str host = rq->rec.host, port = PEL_STR_NONE;
    bool is_https = pel_str_eq(rq->rec.scheme, PEL_STR("https"));
    const char *colon = host.len ? memrchr(host.p, ':', host.len) : NULL;

    if (colon && !memchr(colon, ']', host.len - (size_t)(colon - host.p))) {
        port = pel_str(colon + 1, host.len - (size_t)(colon + 1 - host.p));
        host.len = (size_t)(colon - host.p);
    }
    if (host.len == 0)
        host = PEL_STR("localhost");
    if (port.len == 0)
        port = is_https ? PEL_STR("443") : PEL_STR("80");
    if (set_cached(env, S.server_name, host) < 0)
        return -1;
    return set_cached(env, S.server_port, port);
}

static int set_server(PyObject *env, const struct pel_request *rq)
{
    char text[64] = "[";
    struct pel_str name = rq->server_name;

    if (rq->is_unix)
        return set_server_of_unix(env, rq);
    if (name.len + 2 < sizeof(text) && memchr(name.p, ':', name.len)) {
        memcpy(text + 1, name.p, name.len);
        text[name.len + 1] = ']';
        name = pel_str(text, name.len + 2);
    }
    if (set_cached(env, S.server_name, name) < 0)
        return -1;
    return set_port(env, S.server_port, rq->server_port);
}

static int set_client(PyObject *env, const struct pel_request *rq)
{
    const struct pel_record *rec = &rq->rec;

    /* The path of a unix socket is no address of a client. */
    if (rq->is_unix && rec->client.p == rec->peer.p)
        return 0;
    if (set_cached(env, S.remote_addr, rec->client) < 0)
        return -1;
    return rec->client_port ? set_port(env, S.remote_port, rec->client_port) : 0;
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

/* Adds a field, or joins it with the one of the same name that is there already. */
static int add(PyObject *env, PyObject *key, PyObject *value, const char *separator)
{
    Py_ssize_t size = PyDict_GET_SIZE(env);
    PyObject *there = PyDict_SetDefault(env, key, value);

    if (!there)
        return -1;
    if (PyDict_GET_SIZE(env) > size)
        return 0;
    return set(env, key, PyUnicode_FromFormat("%U%s%U", there, separator, value));
}

/* Is this field for the app as it came? Trace context is ours to hand on, Host is set from the
 * record. (Names with an underscore, which could pass for others here, the parser has dropped.) */
static bool is_wanted(const struct pel_header *h)
{
    switch (h->id) {
    case PEL_HEADER_TRACEPARENT:
    case PEL_HEADER_TRACESTATE:
    case PEL_HEADER_HOST:
        return false;
    case PEL_HEADER_BAGGAGE:
        return pel_wsgi.hands_baggage_on;
    default:
        return true;
    }
}

/* The value of a field. What may be secret, or is seldom the same, is not kept. */
static PyObject *make_value(const struct pel_header *h)
{
    if (h->id == PEL_HEADER_OTHER || h->id == PEL_HEADER_COOKIE ||
        h->id == PEL_HEADER_AUTHORIZATION)
        return PyUnicode_DecodeLatin1(h->value.p, (Py_ssize_t)h->value.len, NULL);
    return pel_str_cached(h->value);
}

static int add_header(PyObject *env, struct pel_request *rq, const struct pel_header *h)
{
    PyObject *key, *value;
    int result = -1;

    key = h->id == PEL_HEADER_OTHER ? make_name(rq, h->name) : Py_NewRef(S.environ_names[h->id]);
    value = make_value(h);
    if (key && value)
        result = add(env, key, value, h->id == PEL_HEADER_COOKIE ? "; " : ",");
    Py_XDECREF(key);
    Py_XDECREF(value);
    return result;
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
    return set(env, S.environ_names[PEL_HEADER_TRACESTATE],
               PyUnicode_DecodeLatin1(trace->state.p, (Py_ssize_t)trace->state.len, NULL));
}

static int set_headers(PyObject *env, struct pel_request *rq)
{
    const struct pel_head *head = rq->head;
    bool has_host = rq->rec.host.len > 0;

    for (size_t i = 0; i < head->n_headers; i++) {
        const struct pel_header *h = &head->headers[i];

        has_host |= h->id == PEL_HEADER_HOST;
        if (is_wanted(h) && add_header(env, rq, h) < 0)
            return -1;
    }
    if (has_host && set_cached(env, S.environ_names[PEL_HEADER_HOST], rq->rec.host) < 0)
        return -1;
    return set_trace(env, &rq->rec.trace);
}

PyObject *pel_wsgi_environ_new(struct pel_request *rq)
{
    PyObject *env = PyDict_Copy(pel_wsgi.base_environ);

    if (!env)
        return NULL;
    if (set_target(env, rq) < 0 || set_server(env, rq) < 0 || set_client(env, rq) < 0 ||
        set_headers(env, rq) < 0)
        goto fail;
    if (!pel_str_eq(rq->rec.scheme, PEL_STR("http")) &&
        set_cached(env, S.wsgi_url_scheme, rq->rec.scheme) < 0)
        goto fail;
    return env;
fail:
    Py_DECREF(env);
    return NULL;
}
