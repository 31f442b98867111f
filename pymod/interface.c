#include "pellucid/gateway.h"
#include "server.h"

PyObject *pel_server_interface(PyObject *module, PyObject *args)
{
    const struct pel_gateway *gateway;
    struct pel_conf conf;
    struct pel_err err;
    PyObject *doc, *app;

    if (!PyArg_ParseTuple(args, "O!O:interface", &PyDict_Type, &doc, &app) ||
        pel_conf_from_python(&conf, doc, Py_None) < 0)
        return NULL;
    gateway = pel_gateway_find(&conf, app, &err);
    pel_conf_fini(&conf);
    if (!gateway) {
        PyErr_SetString(PyExc_ValueError, err.text);
        return NULL;
    }
    return PyUnicode_FromString(gateway->name);
}
