/*
 * value - a Python document as a struct pel_value.
 *
 * Shared by the extension modules; on the calling thread, with the GIL held.
 */
#ifndef PELLUCID_PYMOD_VALUE_H
#define PELLUCID_PYMOD_VALUE_H

#include "pellucid/conf.h"
#include "pellucid/py.h"

/*
 * Copies obj (dict, list, str, int, float, bool, nested) into out, which the caller then owns.
 * sources is None or a dict that says where values come from: {"server.bind": "--bind"}; the key ""
 * stands for the document. 0, or -1 with an exception set: ValueError with a line as pel_conf_load
 * gives it for what no configuration can hold (a date, a NUL). out is untouched then.
 */
int pel_value_from_python(struct pel_value *out, PyObject *obj, PyObject *sources);

#endif
