#include "gateway/route.h"

#include "gateway/strings.h"

/* --- what mounts have matched --- */

/*
 * What a mount has matched is in root_path as it stood in the URL. Segments that are the value of a
 * path parameter become {name} again, so that Mount("/users/{id}") does not make a route a user.
 */
static struct pel_str find_param(PyObject *params, struct pel_str segment)
{
    PyObject *name, *value, *text;
    struct pel_str utf8, found = PEL_STR_NONE;
    Py_ssize_t pos = 0;

    while (!found.p && PyDict_Next(params, &pos, &name, &value)) {
        text = PyUnicode_Check(value) || PyLong_CheckExact(value) ? PyObject_Str(value) : NULL;
        if (pel_py_utf8(text, &utf8) && pel_str_eq(utf8, segment) && pel_py_utf8(name, &utf8))
            found = utf8;
        Py_XDECREF(text);
    }
    return found;
}

static struct pel_str template_mount(struct pel_request *rq, struct pel_str root, PyObject *params)
{
    char *out = pel_arena_alloc(&rq->arena, PEL_ROUTE_MAX);
    size_t len = 0;

    for (size_t i = 0, end; i < root.len; i = end) {
        const char *slash = memchr(root.p + i + 1, '/', root.len - i - 1);
        struct pel_str segment, name;

        end = slash ? (size_t)(slash - root.p) : root.len;
        segment = pel_str(root.p + i + 1, end - i - 1);
        name = find_param(params, segment);
        if (len + segment.len + name.len + 3 > PEL_ROUTE_MAX)
            return PEL_STR("");
        out[len++] = '/';
        if (name.p)
            out[len++] = '{';
        else
            name = segment;
        memcpy(out + len, name.p, name.len);
        len += name.len;
        if (name.p != segment.p)
            out[len++] = '}';
    }
    return pel_str(out, len);
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
    return template_mount(rq, root, params);
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
