#include "gateway/strings.h"
#include "gateway/wsgi.h"
#include "http/syntax.h"
#include "pellucid/put.h"

#define S pel_interned /* this file is about little else */

/*
 * The keys of environ whose values seldom differ from one request to the next. They are set in the
 * base of all environs, and only when they differ from what is there; the copy then has them. All
 * values are latin-1 strs, borrowed from the base.
 */
static struct {
    PyObject *request_method, *script_name, *path_info, *query_string, *raw_uri, *server_protocol,
        *server_name, *server_port, *remote_addr, *url_scheme, *host;
    uint16_t port;      /* server_port in numbers; 0 = of a unix socket, or nothing yet */
    bool is_consistent; /* path_info, query_string, script_name are those of raw_uri, no prefix */
} kept;

/* Makes value, a reference that is taken, the value of key. 0, or -1 when it is NULL. */
static int keep(PyObject **last, PyObject *key, PyObject *value)
{
    int result = value ? PyDict_SetItem(pel_wsgi.base_environ, key, value) : -1;

    if (result == 0)
        *last = value;
    Py_XDECREF(value);
    return result;
}

static bool is_kept(PyObject *last, struct pel_str value)
{
    return (size_t)PyUnicode_GET_LENGTH(last) == value.len &&
           memcmp(PyUnicode_1BYTE_DATA(last), value.p, value.len) == 0;
}

static int keep_cached(PyObject **last, PyObject *key, struct pel_str value)
{
    return is_kept(*last, value) ? 0 : keep(last, key, pel_str_cached(value));
}

int pel_wsgi_kept_init(void)
{
    const struct {
        PyObject **last, *key;
    } table[] = {
        {&kept.request_method, S.request_method},
        {&kept.script_name, S.script_name},
        {&kept.path_info, S.path_info},
        {&kept.query_string, S.query_string},
        {&kept.raw_uri, S.raw_uri},
        {&kept.raw_uri, S.request_uri},
        {&kept.server_protocol, S.server_protocol},
        {&kept.server_name, S.server_name},
        {&kept.server_port, S.server_port},
        {&kept.remote_addr, S.remote_addr},
        {&kept.url_scheme, S.wsgi_url_scheme},
        {&kept.host, S.environ_names[PEL_HEADER_HOST]},
    };

    for (size_t i = 0; i < PEL_ARRAY_LEN(table); i++)
        if (keep(table[i].last, table[i].key, Py_NewRef(S.empty)) < 0)
            return -1;
    kept.port = 0;
    kept.is_consistent = false;
    return 0;
}

/* --- the request line --- */

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
static int keep_script_name(struct pel_request *rq)
{
    struct pel_str prefix = rq->prefix, root = pel_wsgi.root_path, name = root;
    char *joined;

    if (prefix.len) {
        joined = pel_arena_alloc(&rq->arena, prefix.len + root.len);
        memcpy(joined, prefix.p, prefix.len);
        memcpy(joined + prefix.len, root.p, root.len);
        name = pel_str(joined, prefix.len + root.len);
    }
    return keep_cached(&kept.script_name, S.script_name, name);
}

/*
 * PATH_INFO is the path behind root_path. A path outside of root_path comes from a proxy that has
 * taken root_path off: PATH_INFO is all of it then, and SCRIPT_NAME stays what it is, so that the
 * URLs an app makes are right either way. OPTIONS * has no path (RFC 3875 4.1.5: empty, or begins
 * with a slash; wsgiref.validate insists); REQUEST_URI tells it from the root.
 */
static int keep_path(struct pel_request *rq)
{
    struct pel_str path = decode_path(rq, rq->head->path), root = pel_wsgi.root_path;

    if (path.p[0] != '/')
        path = PEL_STR("");
    if (root.len && path.len >= root.len && memcmp(path.p, root.p, root.len) == 0 &&
        (path.len == root.len || path.p[root.len] == '/'))
        path = pel_str(path.p + root.len, path.len - root.len);
    return keep_cached(&kept.path_info, S.path_info, path);
}

/* A query is seldom repeated, so that it is not worth a place in the cache. */
static PyObject *make_str(struct pel_str s, bool is_query)
{
    return is_query ? PyUnicode_DecodeLatin1(s.p, (Py_ssize_t)s.len, NULL) : pel_str_cached(s);
}

static int keep_query(struct pel_str query)
{
    if (is_kept(kept.query_string, query))
        return 0;
    return keep(&kept.query_string, S.query_string, make_str(query, query.len > 0));
}

/* All that follows from the target and the prefix; nothing to do when they are as before. */
static int keep_target(struct pel_request *rq)
{
    const struct pel_head *head = rq->head;

    if (kept.is_consistent && rq->prefix.len == 0 && is_kept(kept.raw_uri, head->target))
        return 0;
    kept.is_consistent = false; /* also when we fail half-way */
    if (keep(&kept.raw_uri, S.raw_uri, make_str(head->target, head->query.len > 0)) < 0 ||
        keep(&kept.raw_uri, S.request_uri, Py_NewRef(kept.raw_uri)) < 0 ||
        keep_script_name(rq) < 0 || keep_path(rq) < 0 || keep_query(head->query) < 0)
        return -1;
    /* The path of an absolute-form target depends on the method, too. */
    kept.is_consistent = rq->prefix.len == 0 && head->target.p[0] == '/';
    return 0;
}

static int keep_request_line(struct pel_request *rq)
{
    const struct pel_head *head = rq->head;
    PyObject *protocol = head->version_minor ? S.http_1_1 : S.http_1_0;

    if (keep_cached(&kept.request_method, S.request_method, head->method) < 0 ||
        keep_target(rq) < 0)
        return -1;
    if (kept.server_protocol == protocol)
        return 0;
    return keep(&kept.server_protocol, S.server_protocol, Py_NewRef(protocol));
}

/* --- the ends of the connection --- */

/* A unix socket has no name of its own: what the client called the server has to do. */
static void name_of_unix(const struct pel_request *rq, struct pel_str *name, struct pel_str *port)
{
    struct pel_authority authority;

    if (!pel_syntax_authority(rq->rec.host, &authority) || authority.host.len == 0)
        authority = (struct pel_authority){PEL_STR("localhost"), -1};
    *name = authority.host;
    *port = pel_str_eq(rq->rec.scheme, PEL_STR("https")) ? PEL_STR("443") : PEL_STR("80");
    if (authority.port >= 0)
        *port = pel_str(name->p + name->len + 1, rq->rec.host.len - name->len - 1);
}

#define NAME_MAX_LEN 64

/* An IPv6 address stands in brackets, as in a URL. text is where they are put. */
static struct pel_str name_of_tcp(struct pel_str name, char text[NAME_MAX_LEN])
{
    if (name.len + 2 > NAME_MAX_LEN || !memchr(name.p, ':', name.len))
        return name;
    text[0] = '[';
    memcpy(text + 1, name.p, name.len);
    text[name.len + 1] = ']';
    return pel_str(text, name.len + 2);
}

static int keep_server_of_unix(const struct pel_request *rq)
{
    struct pel_str name, port;

    name_of_unix(rq, &name, &port);
    kept.port = 0;
    if (keep_cached(&kept.server_name, S.server_name, name) < 0)
        return -1;
    return keep_cached(&kept.server_port, S.server_port, port);
}

static int keep_server(const struct pel_request *rq)
{
    char name[NAME_MAX_LEN], port[PEL_NUMBER_MAX];

    if (rq->is_unix)
        return keep_server_of_unix(rq);
    if (kept.port != rq->server_port &&
        keep_cached(&kept.server_port, S.server_port,
                    pel_str(port, (size_t)(pel_put_number(port, rq->server_port) - port))) < 0)
        return -1;
    kept.port = rq->server_port;
    return keep_cached(&kept.server_name, S.server_name, name_of_tcp(rq->server_name, name));
}

int pel_wsgi_keep(struct pel_request *rq)
{
    const struct pel_record *rec = &rq->rec;
    /* The path of a unix socket is no address of a client. */
    bool has_address = !rq->is_unix || rec->client.p != rec->peer.p;

    if (keep_request_line(rq) < 0 || keep_server(rq) < 0 ||
        keep_cached(&kept.url_scheme, S.wsgi_url_scheme, rec->scheme) < 0 ||
        keep_cached(&kept.remote_addr, S.remote_addr, has_address ? rec->client : PEL_STR("")) < 0)
        return -1;
    return keep_cached(&kept.host, S.environ_names[PEL_HEADER_HOST], rec->host);
}
