/*
 * server - the functions of pellucid._server. Main thread, GIL held; what they do for Python is in
 * their doc texts (_server.c).
 */
#ifndef PELLUCID_PYMOD_SERVER_H
#define PELLUCID_PYMOD_SERVER_H

#include "pellucid/conf.h"
#include "pellucid/py.h"

/* Checks doc, a nested dict, and fills conf; sources as for pel_value_from_python. 0, or -1 with an
 * exception set (ValueError with the line for people). */
int pel_conf_from_python(struct pel_conf *conf, PyObject *doc, PyObject *sources);

/* supervise.c */
PyObject *pel_server_supervise(PyObject *module, PyObject *args);

/* template.c */
PyObject *pel_server_template_open(PyObject *module, PyObject *args);
PyObject *pel_server_template_serve(PyObject *module, PyObject *args);
PyObject *pel_server_start_failed(PyObject *module, PyObject *args);
PyObject *pel_server_work(PyObject *module, PyObject *args);

/* watcher.c */
PyObject *pel_server_changed(PyObject *module, PyObject *args);
PyObject *pel_server_hear(PyObject *module, PyObject *args);

PyObject *pel_server_run_worker(PyObject *module, PyObject *args, PyObject *kwargs);
PyObject *pel_server_interface(PyObject *module, PyObject *args);

#endif
