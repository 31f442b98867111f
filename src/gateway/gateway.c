#include "pellucid/gateway.h"

#include "pellucid/conf.h"

/* In the order in which they are asked. */
static const struct pel_gateway *const gateways[] = {
    &pel_gateway_asgi,
    &pel_gateway_wsgi,
};

/* The exception that is set becomes the text of err. Returns NULL. */
static const struct pel_gateway *refuse(const struct pel_conf *conf, struct pel_err *err)
{
    PyObject *exc = pel_py_take_exception(), *text = exc ? PyObject_Str(exc) : NULL;
    const char *why = text ? PyUnicode_AsUTF8(text) : NULL;

    PyErr_Clear();
    pel_err_set(err, "server.app %s: %s", conf->server_app, why ? why : "cannot be examined");
    Py_XDECREF(text);
    Py_XDECREF(exc);
    return NULL;
}

static const struct pel_gateway *find_by_name(const struct pel_conf *conf, PyObject *app,
                                              struct pel_err *err)
{
    const char *name = conf->server_interface == PEL_INTERFACE_WSGI ? "wsgi" : "asgi";

    if (!PyCallable_Check(app)) {
        PyErr_Format(PyExc_TypeError, "an object of type %s is not callable",
                     Py_TYPE(app)->tp_name);
        return refuse(conf, err);
    }
    for (size_t i = 0; i < PEL_ARRAY_LEN(gateways); i++)
        if (strcmp(gateways[i]->name, name) == 0)
            return gateways[i];
    PEL_UNREACHABLE("an interface without a gateway");
}

const struct pel_gateway *pel_gateway_find(const struct pel_conf *conf, PyObject *app,
                                           struct pel_err *err)
{
    if (conf->server_interface != PEL_INTERFACE_AUTO)
        return find_by_name(conf, app, err);
    for (size_t i = 0; i < PEL_ARRAY_LEN(gateways); i++) {
        int accepts = gateways[i]->accepts(app);

        if (accepts > 0)
            return gateways[i];
        if (accepts < 0)
            return refuse(conf, err);
    }
    pel_err_set(err, "server.app %s: no gateway accepts it; set server.interface to wsgi or asgi",
                conf->server_app);
    return NULL;
}
