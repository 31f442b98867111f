#include "gateway/asgi_verdict.h"

#include "gateway/asgi.h"
#include "gateway/asgi_loop.h"
#include "gateway/handled.h"
#include "gateway/route.h"
#include "gateway/strings.h"

/* How frameworks say that the client has left, besides letting our own exception through. */
static const char *const gone_names[] = {
    "ClientDisconnect", /* Starlette: from the request's body */
    "RequestAborted",   /* Django */
};

static bool is_gone_type(PyObject *exc)
{
    const char *name = strrchr(Py_TYPE(exc)->tp_name, '.');

    name = name ? name + 1 : Py_TYPE(exc)->tp_name;
    for (size_t i = 0; i < PEL_ARRAY_LEN(gone_names); i++)
        if (strcmp(name, gone_names[i]) == 0)
            return true;
    return PyErr_GivenExceptionMatches(exc, pel_asgi.gone_type);
}

static bool means_gone(PyObject *exc, unsigned depth);

/* A group (of a TaskGroup) means it when all its members do. */
static bool group_means_gone(PyObject *group, unsigned depth)
{
    PyObject *members = pel_py_attr(group, pel_interned.exceptions);
    bool result = members && PyTuple_Check(members) && PyTuple_GET_SIZE(members) > 0;

    for (Py_ssize_t i = 0; result && i < PyTuple_GET_SIZE(members); i++)
        result = means_gone(PyTuple_GET_ITEM(members, i), depth);
    Py_XDECREF(members);
    return result;
}

/* Does exc only say that the client has left: itself, or what it was raised from? */
static bool means_gone(PyObject *exc, unsigned depth)
{
    PyObject *from;
    bool result;

    if (is_gone_type(exc))
        return true;
    if (depth == 0)
        return false;
    if (PyErr_GivenExceptionMatches(exc, PyExc_BaseExceptionGroup))
        return group_means_gone(exc, depth - 1);
    from = PyException_GetCause(exc);
    if (!from)
        from = PyException_GetContext(exc);
    result = from && means_gone(from, depth - 1);
    Py_XDECREF(from);
    return result;
}

static void set_error(struct pel_record *rec, enum pel_error error)
{
    if (rec->error == PEL_ERROR_NONE)
        rec->error = error;
}

void pel_asgi_verdict_raised(struct pel_asgi_exchange *ex, PyObject *exc)
{
    bool is_cancel = PyErr_GivenExceptionMatches(exc, pel_asgi_loop.cancelled_error);

    if (is_cancel && ex->is_cancelled) {
        set_error(&ex->rq->rec, PEL_ERROR_CLIENT_GONE);
    } else if (is_cancel && pel_asgi.is_closing) {
        set_error(&ex->rq->rec, PEL_ERROR_STOPPED);
    } else if (ex->is_gone && means_gone(exc, 16)) {
        set_error(&ex->rq->rec, PEL_ERROR_CLIENT_GONE);
    } else {
        pel_gateway_read_route(ex->rq, ex->call->scope.dict, ex->call->framework_own);
        pel_route_read_raised(ex->rq, ex->call->scope.dict, exc);
        pel_py_give_exception(Py_NewRef(exc));
        pel_gateway_app_failed(ex->rq);
        if (ex->is_misused)
            ex->rq->rec.error = PEL_ERROR_APP_PROTOCOL;
    }
}

void pel_asgi_verdict_handled(struct pel_asgi_exchange *ex)
{
    PyObject *exc = pel_handled_take(ex->rq);

    if (PEL_LIKELY(!exc))
        return;
    pel_route_read_raised(ex->rq, ex->call->scope.dict, exc);
    if (!(ex->is_gone && means_gone(exc, 16)))
        pel_gateway_app_raised(ex->rq, exc);
    Py_DECREF(exc);
}

void pel_asgi_verdict_returned(struct pel_asgi_exchange *ex)
{
    static const char *const what[] = {
        [PEL_ASGI_SILENT] = "the app returned without a response",
        [PEL_ASGI_STARTED] = "the app returned without a response body",
        [PEL_ASGI_BODY] = "the app returned before the end of its response body",
        [PEL_ASGI_TRAILERS] = "the app returned without the trailers it had announced",
    };

    if (ex->phase == PEL_ASGI_COMPLETE)
        return;
    if (ex->is_gone)
        set_error(&ex->rq->rec, PEL_ERROR_CLIENT_GONE);
    else if (pel_asgi.is_closing)
        set_error(&ex->rq->rec, PEL_ERROR_STOPPED);
    else
        pel_gateway_app_misbehaved(ex->rq, what[ex->phase]);
}
