#include "gateway/asgi.h"
#include "gateway/asgi_exchange.h"
#include "pellucid/conf.h"
#include "gateway/strings.h"

/* Has every key, in order; server and paths are the latest. */
struct pel_asgi_template pel_asgi_template;

/* What all scopes have in common, made once. All owned. */
static struct {
    PyObject *root_path; /* str: server.root_path, which has no slash at its end */
    PyObject *names[PEL_HEADER_N];
    PyObject *pairs[PEL_HEADER_N]; /* the latest (name, value) of each; NULL: none yet */
    PyObject *raw_path;            /* in scope, with the path it stands for; NULL: none yet */
    char server_name[128];         /* in scope; empty: none yet */
    size_t server_name_len;
    uint16_t server_port;
    bool hands_trace_on;    /* trace.propagators has tracecontext */
    uint64_t other_fields;  /* pel_trace_other_fields */
    uint64_t hidden_fields; /* pel_trace_hidden_fields */
} base;

/* --- path --- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_plain(struct pel_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] == '%' || (unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

/* Percent-decoded; an incomplete or malformed escape stays as it is. */
static size_t unquote(char *out, struct pel_str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++) {
        int high = s.p[i] == '%' && i + 2 < s.len ? hex_value(s.p[i + 1]) : -1;
        int low = high >= 0 ? hex_value(s.p[i + 2]) : -1;

        out[n++] = low >= 0 ? (char)(high << 4 | low) : s.p[i];
        i += low >= 0 ? 2 : 0;
    }
    return n;
}

/* Bytes that are not UTF-8 become U+FFFD: an app cannot stumble over them as it would over
 * surrogates, and raw_path has the original. */
static PyObject *decode(struct pel_request *rq, struct pel_str s)
{
    char *out;

    if (is_plain(s))
        return pel_str_cached(s);
    out = pel_arena_alloc(&rq->arena, s.len);
    return PyUnicode_DecodeUTF8(out, (Py_ssize_t)unquote(out, s), "replace");
}

/* Is path prefix, or below it? */
static int is_below(PyObject *path, PyObject *prefix)
{
    Py_ssize_t len = PyUnicode_GET_LENGTH(prefix);
    int matches = (int)PyUnicode_Tailmatch(path, prefix, 0, len, -1);

    if (matches != 1)
        return matches;
    return PyUnicode_GET_LENGTH(path) == len || PyUnicode_READ_CHAR(path, len) == '/';
}

/*
 * path is to include root_path (spec: PATH_INFO is what remains without it). A proxy that forwards
 * to a mounted app either leaves server.root_path in the path or strips it: it is put there unless
 * it is there. X-Forwarded-Prefix has always been stripped by who sent it. Steals path.
 */
static PyObject *with_root(PyObject *path, PyObject *prefix)
{
    int has_root;

    if (path && PyUnicode_READ_CHAR(path, 0) != '/') /* OPTIONS * */
        return path;
    if (path && PyUnicode_GET_LENGTH(base.root_path) > 0) {
        has_root = is_below(path, base.root_path);
        if (has_root < 0)
            Py_CLEAR(path);
        else if (!has_root)
            Py_SETREF(path, PyUnicode_Concat(base.root_path, path));
    }
    if (path && prefix)
        Py_SETREF(path, PyUnicode_Concat(prefix, path));
    return path;
}

/* --- headers --- */

static PyObject *pair(PyObject *name, PyObject *value)
{
    PyObject *tuple = name && value ? PyTuple_New(2) : NULL;

    if (!tuple) {
        Py_XDECREF(name);
        Py_XDECREF(value);
        return NULL;
    }
    PyTuple_SET_ITEM(tuple, 0, name);
    PyTuple_SET_ITEM(tuple, 1, value);
    return tuple;
}

static PyObject *bytes_of(struct pel_str s)
{
    return PyBytes_FromStringAndSize(s.p, (Py_ssize_t)s.len);
}

static bool holds(PyObject *bytes, struct pel_str s)
{
    return (size_t)PyBytes_GET_SIZE(bytes) == s.len &&
           memcmp(PyBytes_AS_STRING(bytes), s.p, s.len) == 0;
}

/* Secrets are not kept for longer than their request. */
static bool is_secret(enum pel_header_id id)
{
    return id == PEL_HEADER_COOKIE || id == PEL_HEADER_AUTHORIZATION;
}

/* Most values of the known fields are those of the request before, and a pair may be shared. */
static PyObject *header_pair(const struct pel_header *h)
{
    PyObject *latest = base.pairs[h->id], *made;

    if (h->id == PEL_HEADER_OTHER)
        return pair(bytes_of(h->name), bytes_of(h->value));
    if (latest && holds(PyTuple_GET_ITEM(latest, 1), h->value))
        return Py_NewRef(latest);
    made = pair(Py_NewRef(base.names[h->id]), bytes_of(h->value));
    if (made && !is_secret(h->id))
        Py_XSETREF(base.pairs[h->id], Py_NewRef(made));
    return made;
}

static PyObject *traceparent_pair(const struct pel_trace *trace)
{
    char text[PEL_TRACEPARENT_LEN];

    pel_trace_format(trace, text);
    return pair(Py_NewRef(base.names[PEL_HEADER_TRACEPARENT]),
                PyBytes_FromStringAndSize(text, PEL_TRACEPARENT_LEN));
}

static Py_ssize_t count_headers(const struct pel_request *rq, uint64_t hidden, size_t n_others)
{
    Py_ssize_t n = (Py_ssize_t)n_others;

    for (size_t i = 0; i < rq->head->n_headers; i++)
        n += !(hidden & PEL_HEADER_BIT(rq->head->headers[i].id));
    if (base.hands_trace_on)
        n += rq->rec.trace.state.len ? 2 : 1;
    return n;
}

/* Sets the next item of a new list; false when there is none to set. */
static bool put(PyObject *list, Py_ssize_t *n, PyObject *item)
{
    if (item)
        PyList_SET_ITEM(list, (*n)++, item);
    return item != NULL;
}

static PyObject *headers_new(struct pel_request *rq)
{
    struct pel_header others[PEL_TRACE_OTHERS_MAX];
    char text[PEL_TRACE_OTHERS_LEN];
    const struct pel_trace *trace = &rq->rec.trace;
    uint64_t hidden = pel_trace_hidden(base.hidden_fields, trace);
    size_t n_others = 0;
    PyObject *list;
    Py_ssize_t n = 0;
    bool ok;

    if (PEL_UNLIKELY(base.other_fields))
        n_others = pel_trace_put_others(base.other_fields, trace, text, others);
    list = PyList_New(count_headers(rq, hidden, n_others));
    ok = list != NULL;

    for (size_t i = 0; ok && i < rq->head->n_headers; i++)
        if (!(hidden & PEL_HEADER_BIT(rq->head->headers[i].id)))
            ok = put(list, &n, header_pair(&rq->head->headers[i]));
    if (ok && base.hands_trace_on) {
        ok = put(list, &n, traceparent_pair(trace));
        if (ok && trace->state.len)
            ok = put(list, &n,
                     pair(Py_NewRef(base.names[PEL_HEADER_TRACESTATE]), bytes_of(trace->state)));
    }
    for (size_t i = 0; ok && i < n_others; i++)
        ok = put(list, &n, header_pair(&others[i]));
    if (!ok)
        Py_CLEAR(list);
    return list;
}

/* --- addresses --- */

static PyObject *address(struct pel_str host, PyObject *port)
{
    return pair(pel_str_cached(host), port);
}

static PyObject *client_new(const struct pel_record *rec)
{
    if (rec->client.len == 0)
        return Py_NewRef(Py_None);
    return address(rec->client, PyLong_FromLong(rec->client_port));
}

/* --- the scope --- */

/* scope[key] = value; steals value, NULL stands for an exception. */
static int set(PyObject *scope, PyObject *key, PyObject *value)
{
    int rc = value ? PyDict_SetItem(scope, key, value) : -1;

    Py_XDECREF(value);
    return rc;
}

/* Most requests come in on one address, and a tuple may be shared. */
static int keep_server(const struct pel_request *rq)
{
    struct pel_str latest = pel_str(base.server_name, base.server_name_len);
    struct pel_str name = rq->server_name;

    if (latest.len && base.server_port == rq->server_port && pel_str_eq(latest, name))
        return 0;
    base.server_name_len = 0;
    pel_asgi_template.version++;
    if (set(pel_asgi_template.scope, pel_interned.server,
            address(name, rq->is_unix ? Py_NewRef(Py_None) : PyLong_FromLong(rq->server_port))) < 0)
        return -1;
    if (name.len && name.len <= sizeof(base.server_name)) {
        memcpy(base.server_name, name.p, name.len);
        base.server_name_len = name.len;
        base.server_port = rq->server_port;
    }
    return 0;
}

/* Without a prefix, both follow from the target's path, which many requests have in common. */
static int keep_path(struct pel_request *rq)
{
    struct pel_str raw = rq->head->path;

    if (base.raw_path && holds(base.raw_path, raw))
        return 0;
    Py_XSETREF(base.raw_path, bytes_of(raw));
    pel_asgi_template.version++;
    if (!base.raw_path ||
        set(pel_asgi_template.scope, pel_interned.path, with_root(decode(rq, raw), NULL)) < 0 ||
        PyDict_SetItem(pel_asgi_template.scope, pel_interned.raw_path, base.raw_path) < 0) {
        Py_CLEAR(base.raw_path);
        return -1;
    }
    return 0;
}

static int set_path_with_prefix(PyObject *scope, struct pel_request *rq)
{
    PyObject *prefix = decode(rq, rq->prefix);
    int rc = prefix ? 0 : -1;

    if (rc == 0)
        rc = set(scope, pel_interned.path, with_root(decode(rq, rq->head->path), prefix));
    if (rc == 0)
        rc = set(scope, pel_interned.root_path, PyUnicode_Concat(prefix, base.root_path));
    if (rc == 0)
        rc = set(scope, pel_interned.raw_path, bytes_of(rq->head->path));
    Py_XDECREF(prefix);
    return rc;
}

/* The specification wants it in upper case, whatever the client wrote. */
static PyObject *method_new(struct pel_request *rq)
{
    struct pel_str method = rq->head->method;
    char *upper = pel_arena_alloc(&rq->arena, method.len);

    for (size_t i = 0; i < method.len; i++) {
        char c = method.p[i];

        upper[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    return pel_str_cached(pel_str(upper, method.len));
}

/* What differs from the template only now and then. */
static int set_variants(PyObject *scope, struct pel_request *rq)
{
    int rc = 0;

    if (!pel_str_eq(rq->head->method, PEL_STR("GET")))
        rc = set(scope, pel_interned.method, method_new(rq));
    if (rc == 0 && rq->head->version_minor == 0)
        rc = PyDict_SetItem(scope, pel_interned.http_version, pel_interned.v1_0);
    if (rc == 0 && !pel_str_eq(rq->rec.scheme, PEL_STR("http")))
        rc = PyDict_SetItem(scope, pel_interned.scheme, pel_interned.https);
    return rc;
}

/* Does nothing differ from the template but what does in every request? */
static bool is_usual(const struct pel_request *rq)
{
    return !rq->prefix.len && !rq->head->query.len && rq->head->version_minor == 1 &&
           pel_str_eq(rq->head->method, PEL_STR("GET")) &&
           pel_str_eq(rq->rec.scheme, PEL_STR("http"));
}

/* What the template does not have of this request. */
static int fill(PyObject *scope, struct pel_request *rq)
{
    if (rq->prefix.len && set_path_with_prefix(scope, rq) < 0)
        return -1;
    if (rq->head->query.len &&
        set(scope, pel_interned.asgi_query_string, bytes_of(rq->head->query)) < 0)
        return -1;
    if (set_variants(scope, rq) < 0 || set(scope, pel_interned.client, client_new(&rq->rec)) < 0)
        return -1;
    return set(scope, pel_interned.headers, headers_new(rq));
}

struct pel_asgi_scope pel_asgi_scope_new(struct pel_request *rq)
{
    struct pel_asgi_scope s = {NULL, NULL};

    if (keep_server(rq) < 0 || (!rq->prefix.len && keep_path(rq) < 0))
        return s;
    s = pel_asgi_lent_take();
    if (s.dict && fill(s.dict, rq) < 0)
        pel_asgi_scope_drop(&s, false);
    else if (s.lender)
        pel_asgi_lent_mark(s.lender, is_usual(rq));
    return s;
}

/* --- preparation --- */

static int make_names(void)
{
    for (int id = PEL_HEADER_OTHER + 1; id < PEL_HEADER_N; id++) {
        base.names[id] = bytes_of(pel_header_name((enum pel_header_id)id));
        if (!base.names[id])
            return -1;
    }
    return 0;
}

static int make_template(void)
{
    pel_asgi_template.scope = Py_BuildValue(
        "{O:O,O:{s:s,s:s},O:O,O:O,O:O,O:O,O:O,O:O,O:O,O:O,O:y,O:O,O:O,O:{s:{},s:{},s:{}}}",
        pel_interned.type, pel_interned.http, pel_interned.asgi, "version", "3.0", "spec_version",
        "2.5", pel_interned.http_version, pel_interned.v1_1, pel_interned.server, Py_None,
        pel_interned.client, Py_None, pel_interned.scheme, pel_interned.http, pel_interned.method,
        pel_interned.get, pel_interned.root_path, base.root_path, pel_interned.path, Py_None,
        pel_interned.raw_path, Py_None, pel_interned.asgi_query_string, "", pel_interned.headers,
        Py_None, pel_interned.state, pel_asgi.state, pel_interned.extensions,
        "http.response.trailers", "http.response.pathsend", "http.response.early_hint");
    return pel_asgi_template.scope ? 0 : -1;
}

int pel_asgi_scope_init(void)
{
    const struct pel_conf *conf = pel_asgi.env.conf;

    base.other_fields = pel_trace_other_fields(conf);
    base.hands_trace_on = pel_strings_have(&conf->trace_propagators, "tracecontext");
    base.hidden_fields = pel_trace_hidden_fields(conf);
    pel_asgi_lent_init();
    base.root_path = PyUnicode_FromString(conf->server_root_path);
    if (!base.root_path || make_names() < 0 || make_template() < 0) {
        pel_asgi_scope_fini();
        return -1;
    }
    return 0;
}

void pel_asgi_scope_fini(void)
{
    Py_CLEAR(pel_asgi_template.scope);
    pel_asgi_lent_fini();
    Py_CLEAR(base.root_path);
    base.server_name_len = 0;
    Py_CLEAR(base.raw_path);
    for (size_t i = 0; i < PEL_HEADER_N; i++) {
        Py_CLEAR(base.names[i]);
        Py_CLEAR(base.pairs[i]);
    }
}
