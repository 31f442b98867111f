#include "gateway/route.h"

#include "gateway/strings.h"
#include "gateway/wsgi.h"

/* --- the record --- */

/* Does the framework's own template count? */
static bool is_wanted(const struct pel_record *rec)
{
    return rec->route_source == PEL_ROUTE_NONE || rec->route_source == PEL_ROUTE_TEMPLATED;
}

void pel_route_set(struct pel_request *rq, struct pel_str prefix, const char *separator,
                   PyObject *template)
{
    struct pel_str sep = pel_str(separator, strlen(separator));
    struct pel_str text;
    size_t len;
    char *out;

    if (!pel_py_utf8(template, &text))
        return;
    len = prefix.len + sep.len + text.len;
    if (len == 0 || len > PEL_ROUTE_MAX)
        return;
    out = pel_arena_alloc(&rq->arena, len);
    memcpy(out, prefix.p, prefix.len);
    memcpy(out + prefix.len, sep.p, sep.len);
    memcpy(out + prefix.len + sep.len, text.p, text.len);
    rq->rec.route = pel_str(out, len);
    rq->rec.route_source = PEL_ROUTE_FRAMEWORK;
}

struct pel_str pel_route_text(PyObject *dict, PyObject *key)
{
    struct pel_str text;

    pel_py_utf8(PyDict_GetItemWithError(dict, key), &text);
    return text;
}

/* --- WSGI frameworks: an object in the environ --- */

/* SCRIPT_NAME, a latin-1 view of UTF-8 bytes: only what is plain ASCII is of use here. Bottle
 * leaves a "/" behind when it takes back what a mount has shifted. */
static struct pel_str script_name(PyObject *env)
{
    PyObject *value = PyDict_GetItemWithError(env, pel_interned.script_name);

    if (!value || !PyUnicode_Check(value) || !PyUnicode_IS_ASCII(value)) {
        PyErr_Clear();
        return PEL_STR("");
    }
    return PyUnicode_GET_LENGTH(value) > 1 ? pel_route_text(env, pel_interned.script_name)
                                           : PEL_STR("");
}

/* environ[key].rule, or environ[key].through.rule. True when the framework is there. */
static bool read_rule(struct pel_request *rq, PyObject *env, PyObject *key, PyObject *through)
{
    PyObject *obj = PyDict_GetItemWithError(env, key), *rule;

    if (!obj)
        return false;
    obj = through ? pel_py_attr(obj, through) : Py_NewRef(obj);
    rule = obj ? pel_py_attr(obj, pel_interned.rule) : NULL;
    pel_route_set(rq, script_name(env), "", rule);
    Py_XDECREF(rule);
    Py_XDECREF(obj);
    return true;
}

/* --- Django --- */

/* request.resolver_match.route. */
static void read_resolver_match(struct pel_request *rq, struct pel_str prefix, PyObject *request)
{
    PyObject *match = pel_py_attr(request, pel_interned.resolver_match);
    PyObject *route = match ? pel_py_attr(match, pel_interned.route) : NULL;
    bool is_regex = route && PyUnicode_Check(route) && PyUnicode_GET_LENGTH(route) &&
                    PyUnicode_READ_CHAR(route, 0) == '^';

    if (route)
        pel_route_set(rq, prefix, is_regex ? "" : "/", route);
    Py_XDECREF(route);
    Py_XDECREF(match);
}

/* The same of a bound method of the request. */
static void read_method(struct pel_request *rq, struct pel_str prefix, PyObject *method)
{
    PyObject *request = pel_py_attr(method, pel_interned.self);

    if (request)
        read_resolver_match(rq, prefix, request);
    Py_XDECREF(request);
}

/* What close() of the response closes, too, is its request. */
static void read_response(struct pel_request *rq, struct pel_str prefix, PyObject *response)
{
    PyObject *closers = pel_py_attr(response, pel_interned.resource_closers);

    if (!closers)
        return;
    for (Py_ssize_t i = 0; PyList_Check(closers) && i < PyList_GET_SIZE(closers); i++)
        if (rq->rec.route_source != PEL_ROUTE_FRAMEWORK)
            read_method(rq, prefix, PyList_GET_ITEM(closers, i));
    Py_DECREF(closers);
}

/* --- what a framework keeps to itself --- */

/* owner.url_rule.rule: a new reference, or NULL. */
static PyObject *rule_of(PyObject *owner)
{
    PyObject *rule = pel_py_attr(owner, pel_interned.url_rule);
    PyObject *template = rule ? pel_py_attr(rule, pel_interned.rule) : NULL;

    Py_XDECREF(rule);
    return template;
}

/* uri_template of Falcon's request, url_rule.rule of Quart's; Django's request or response. */
static void read_own(struct pel_request *rq, struct pel_str prefix, PyObject *own)
{
    PyObject *template = pel_py_attr(own, pel_interned.uri_template);

    if (!template)
        template = rule_of(own);
    if (template) {
        pel_route_set(rq, prefix, "", template);
    } else {
        read_resolver_match(rq, prefix, own);
        read_response(rq, prefix, own);
    }
    Py_XDECREF(template);
}

void pel_gateway_read_route(struct pel_request *rq, PyObject *environ_or_scope,
                            PyObject *framework_own)
{
    bool has_copy = framework_own && PyDict_Check(framework_own);
    PyObject *d = has_copy ? framework_own : environ_or_scope;
    bool is_scope;

    if (!is_wanted(&rq->rec) || !PyDict_Check(d))
        return;
    is_scope = PyDict_Contains(d, pel_interned.request_method) != 1;
    if (PEL_UNLIKELY(framework_own != NULL) && !has_copy)
        read_own(rq, is_scope ? pel_route_mount(rq, d) : script_name(d), framework_own);
    if (rq->rec.route_source == PEL_ROUTE_FRAMEWORK)
        return;
    if (is_scope)
        pel_route_read_scope(rq, d);
    else if (!read_rule(rq, d, pel_interned.werkzeug_request, pel_interned.url_rule))
        read_rule(rq, d, pel_interned.bottle_route, NULL);
    PyErr_Clear();
}

void pel_route_read_raised(struct pel_request *rq, PyObject *environ_or_scope, PyObject *exc)
{
    PyObject *own = is_wanted(&rq->rec) ? pel_route_search_raised(exc) : NULL, *request;

    if (!own)
        return;
    /* Flask's context has the request. */
    if (!PyDict_Check(own) && (request = pel_py_attr(own, pel_interned.request)))
        Py_SETREF(own, request);
    pel_gateway_read_route(rq, environ_or_scope, own);
    Py_DECREF(own);
}

/* --- Django, by its response --- */

/* A FileResponse goes out as wsgi.file_wrapper, and is found through the close() that Django gave
 * its file. A new reference, or NULL. */
static PyObject *response_of_file(PyObject *wrapper)
{
    PyObject *file = pel_py_attr(wrapper, pel_interned.filelike);
    PyObject *close = file ? pel_py_attr(file, pel_interned.close) : NULL;
    PyObject *response = close ? pel_py_attr(close, pel_interned.self) : NULL;

    Py_XDECREF(close);
    Py_XDECREF(file);
    return response;
}

void pel_route_read_django(struct pel_request *rq, PyObject *env, PyObject *response)
{
    PyObject *behind;

    if (PyList_CheckExact(response) || PyTuple_CheckExact(response) || PyGen_CheckExact(response) ||
        !is_wanted(&rq->rec))
        return;
    if (!Py_IS_TYPE(response, &pel_wsgi_file_wrapper_type)) {
        read_response(rq, script_name(env), response);
    } else if ((behind = response_of_file(response))) {
        read_response(rq, script_name(env), behind);
        Py_DECREF(behind);
    }
}
