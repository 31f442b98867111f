#include "gateway/route.h"

#include "gateway/strings.h"

/* --- what mounts have matched --- */

/*
 * What mounts have matched is in root_path as it stood in the URL. What is the value of a path
 * parameter becomes {name} again, so that Mount("/users/{id}") does not make a route a user. The
 * parameters are in the order of the URL, those of the last route behind those of mounts.
 */

/* Can the same value be written in several ways? Those of Starlette's converters that can. */
static bool is_parsed(PyObject *value)
{
    return PyLong_CheckExact(value) || PyFloat_CheckExact(value) ||
           strcmp(Py_TYPE(value)->tp_name, "UUID") == 0;
}

static bool is_written_as(PyObject *value, struct pel_str segment)
{
    PyObject *text = PyUnicode_DecodeUTF8(segment.p, (Py_ssize_t)segment.len, NULL);
    PyObject *other = text && is_parsed(value) ? (PyObject *)Py_TYPE(value) : NULL;
    bool result;

    other = other ? PyObject_CallOneArg(other, text) : PyObject_Str(value);
    result = other && text &&
             PyObject_RichCompareBool(other, is_parsed(value) ? value : text, Py_EQ) == 1;
    PyErr_Clear();
    Py_XDECREF(other);
    Py_XDECREF(text);
    return result;
}

static size_t segment_len(struct pel_str rest)
{
    const char *slash = memchr(rest.p, '/', rest.len);

    return slash ? (size_t)(slash - rest.p) : rest.len;
}

/* How many bytes of rest, from its beginning, are value: 0 for none. A str may have slashes. */
static size_t value_len(PyObject *value, struct pel_str rest)
{
    size_t len = segment_len(rest);
    struct pel_str text;

    if (!PyUnicode_Check(value))
        return is_written_as(value, pel_str(rest.p, len)) ? len : 0;
    if (!pel_py_utf8(value, &text) || text.len > rest.len ||
        memcmp(text.p, rest.p, text.len) != 0 || (text.len < rest.len && rest.p[text.len] != '/'))
        return 0;
    return text.len;
}

/* The parameter, from number *at on, whose value rest begins with: its name, and *len bytes of
 * value. Nothing, and the length of the segment, without one. */
static struct pel_str find_param(PyObject *params, Py_ssize_t *at, struct pel_str rest, size_t *len)
{
    PyObject *name, *value;
    struct pel_str found;
    Py_ssize_t pos = 0;

    for (Py_ssize_t i = 0; PyDict_Next(params, &pos, &name, &value); i++) {
        if (i < *at || !(*len = value_len(value, rest)) || !pel_py_utf8(name, &found))
            continue;
        *at = i + 1;
        return found;
    }
    *len = segment_len(rest);
    return PEL_STR_NONE;
}

static struct pel_str template_mount(struct pel_request *rq, struct pel_str root, PyObject *params)
{
    char *out = pel_arena_alloc(&rq->arena, PEL_ROUTE_MAX);
    Py_ssize_t at = 0;
    size_t len = 0, n;

    for (size_t i = 0; i < root.len; i += 1 + n) {
        struct pel_str rest = pel_str(root.p + i + 1, root.len - i - 1);
        struct pel_str name = find_param(params, &at, rest, &n);

        if (len + n + name.len + 3 > PEL_ROUTE_MAX)
            return PEL_STR("");
        out[len++] = '/';
        if (name.p)
            out[len++] = '{';
        else
            name = pel_str(rest.p, n);
        memcpy(out + len, name.p, name.len);
        len += name.len;
        if (name.p != rest.p)
            out[len++] = '}';
    }
    return pel_str(out, len);
}

/* Comparing values may run code of the app's, which may change the scope: what is read is held. */
static struct pel_str template_held(struct pel_request *rq, PyObject *scope, struct pel_str root,
                                    PyObject *params)
{
    PyObject *text = Py_XNewRef(PyDict_GetItemWithError(scope, pel_interned.root_path));
    PyObject *copy = PyDict_Copy(params);
    struct pel_str mount = copy ? template_mount(rq, root, copy) : PEL_STR("");

    PyErr_Clear();
    Py_XDECREF(copy);
    Py_XDECREF(text);
    return mount;
}

struct pel_str pel_route_mount(struct pel_request *rq, PyObject *scope)
{
    struct pel_str root = pel_route_text(scope, pel_interned.root_path);
    struct pel_str app_root = pel_route_text(scope, pel_interned.app_root_path);
    PyObject *params = PyDict_GetItemWithError(scope, pel_interned.path_params);

    PyErr_Clear();
    if (pel_str_eq(root, app_root) || root.len == 0 || root.p[0] != '/' || !params ||
        !PyDict_Check(params) || PyDict_GET_SIZE(params) == 0)
        return root;
    return template_held(rq, scope, root, params);
}

/* --- the route that has matched in the last of them --- */

/* FastAPI's own part of the scope has this where a router is included in another. Borrowed. */
static PyObject *route_context(PyObject *scope)
{
    PyObject *own = PyDict_GetItemWithError(scope, pel_interned.fastapi);

    return own && PyDict_Check(own)
               ? PyDict_GetItemWithError(own, pel_interned.effective_route_context)
               : NULL;
}

/* A FastAPI route is known to the router that has it; where that is included in others, the context
 * has the whole path. Borrowed. */
static PyObject *with_prefixes(PyObject *scope, PyObject *route)
{
    PyObject *context = route_context(scope), *of;

    if (!context || !(of = pel_py_attr(context, pel_interned.original_route)))
        return route;
    Py_DECREF(of);
    return of == route ? context : route;
}

static bool has(PyObject *route, PyObject *name, PyObject *value)
{
    PyObject *found = pel_py_attr(route, name);

    Py_XDECREF(found);
    return found && found == value;
}

/* A route has its endpoint, a mount the app that it leads to. */
static bool is_mount_of(PyObject *route, PyObject *endpoint)
{
    return has(route, pel_interned.app, endpoint) && !has(route, pel_interned.endpoint, endpoint);
}

static bool leads_to(PyObject *route, PyObject *endpoint)
{
    return has(route, pel_interned.endpoint, endpoint) || has(route, pel_interned.app, endpoint);
}

/* Would it take the scope, if perhaps for another method? */
static bool matches(PyObject *route, PyObject *scope)
{
    PyObject *pair = PyObject_CallMethodOneArg(route, pel_interned.matches, scope);
    PyObject *match = pair && PyTuple_Check(pair) && PyTuple_GET_SIZE(pair) == 2
                          ? pel_py_attr(PyTuple_GET_ITEM(pair, 0), pel_interned.value)
                          : NULL;
    bool result = match && PyLong_Check(match) && PyLong_AsLong(match) != 0;

    PyErr_Clear();
    Py_XDECREF(match);
    Py_XDECREF(pair);
    return result;
}

/* Which route of owner leads to endpoint: a new reference, or NULL. Where several do they are asked
 * which of them takes the scope. */
static PyObject *find_route(PyObject *owner, PyObject *scope, PyObject *endpoint)
{
    PyObject *routes = pel_py_attr(owner, pel_interned.routes), *found = NULL;

    for (Py_ssize_t i = 0; routes && PyList_Check(routes) && i < PyList_GET_SIZE(routes); i++) {
        PyObject *route = Py_NewRef(PyList_GET_ITEM(routes, i));

        if (!leads_to(route, endpoint)) {
            Py_DECREF(route);
        } else if (!found) {
            found = route;
        } else {
            if (!matches(found, scope) && matches(route, scope))
                Py_SETREF(found, Py_NewRef(route));
            Py_DECREF(route);
        }
    }
    Py_XDECREF(routes);
    return found;
}

/* FastAPI leaves a route of its own, but of those of Starlette in its app (add_route, /docs,
 * mounts) only the endpoint. A new reference, or NULL. */
static PyObject *route_of_endpoint(PyObject *scope, PyObject *endpoint)
{
    PyObject *context = route_context(scope);
    PyObject *route = context ? pel_py_attr(context, pel_interned.starlette_route) : NULL, *app;

    if (route && leads_to(route, endpoint))
        return route;
    Py_XDECREF(route);
    app = PyDict_GetItemWithError(scope, pel_interned.app);
    return app ? find_route(app, scope, endpoint) : NULL;
}

/* prefix + "/{path}". */
static void set_rest(struct pel_request *rq, struct pel_str prefix)
{
    PyObject *rest = PyUnicode_FromString("{path}");

    pel_route_set(rq, prefix, "/", rest);
    Py_XDECREF(rest);
}

/* A mount in which nothing else has matched leads to an app of no framework's, such as one that
 * serves files: what it got of the path is a parameter by the name that the mount gives it. */
static void set_mount(struct pel_request *rq, PyObject *scope)
{
    set_rest(rq, pel_route_mount(rq, scope));
}

static void set_route(struct pel_request *rq, PyObject *scope, PyObject *endpoint, PyObject *route)
{
    PyObject *path = pel_py_attr(with_prefixes(scope, route), pel_interned.path);

    if (path && endpoint && is_mount_of(route, endpoint))
        set_mount(rq, scope);
    else
        pel_route_set(rq, pel_route_mount(rq, scope), "", path);
    Py_XDECREF(path);
}

/* --- Litestar --- */

/* The one route of app that leads to handler: a new reference, or NULL, also where there are more:
 * which of them has matched is not known. */
static PyObject *only_route_to(PyObject *app, PyObject *handler)
{
    PyObject *routes = pel_py_attr(app, pel_interned.routes), *found = NULL;
    unsigned n = 0;

    for (Py_ssize_t i = 0; routes && PyList_Check(routes) && i < PyList_GET_SIZE(routes); i++) {
        PyObject *route = PyList_GET_ITEM(routes, i);

        if (has(route, pel_interned.route_handler, handler) && n++ == 0)
            found = Py_NewRef(route);
    }
    if (n > 1)
        Py_CLEAR(found);
    Py_XDECREF(routes);
    return found;
}

/* Its mounts have an empty template, whatever they lead to. */
static void read_litestar_mount(struct pel_request *rq, PyObject *scope)
{
    PyObject *app = PyDict_GetItemWithError(scope, pel_interned.litestar_app);
    PyObject *handler = PyDict_GetItemWithError(scope, pel_interned.route_handler);
    PyObject *route = app && handler ? only_route_to(app, handler) : NULL;
    PyObject *path = route ? pel_py_attr(route, pel_interned.path) : NULL;
    struct pel_str prefix;

    if (path && pel_py_utf8(path, &prefix))
        set_rest(rq, prefix.len > 1 ? prefix : PEL_STR(""));
    Py_XDECREF(path);
    Py_XDECREF(route);
}

/* --- all --- */

static bool is_empty(PyObject *template)
{
    return template && PyUnicode_Check(template) && PyUnicode_GET_LENGTH(template) == 0;
}

void pel_route_read_scope(struct pel_request *rq, PyObject *scope)
{
    PyObject *template = PyDict_GetItemWithError(scope, pel_interned.path_template);
    PyObject *endpoint = PyDict_GetItemWithError(scope, pel_interned.endpoint);
    PyObject *route = Py_XNewRef(PyDict_GetItemWithError(scope, pel_interned.route)), *found;

    /* What is there may be the mount of an outer app. */
    if (endpoint && !(route && leads_to(route, endpoint)) &&
        (found = route_of_endpoint(scope, endpoint)))
        Py_XSETREF(route, found);
    if (is_empty(template))
        read_litestar_mount(rq, scope);
    else if (route)
        set_route(rq, scope, endpoint, route);
    else
        pel_route_set(rq, PEL_STR(""), "", template);
    Py_XDECREF(route);
}
