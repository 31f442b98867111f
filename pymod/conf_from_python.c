#include "server.h"
#include "value.h"

int pel_conf_from_python(struct pel_conf *conf, PyObject *doc, PyObject *sources)
{
    struct pel_value value;
    struct pel_err err;
    int rc;

    if (pel_value_from_python(&value, doc, sources) < 0)
        return -1;
    rc = pel_conf_load(conf, &value, &err);
    pel_value_fini(&value);
    if (rc < 0)
        PyErr_SetString(PyExc_ValueError, err.text);
    return rc;
}
