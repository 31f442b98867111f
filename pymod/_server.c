/*
 * _server - the serving processes for Python: the definition of the module, no logic.
 *
 * Main thread only; every call returns with the GIL held as it came.
 */
#include "pellucid/gateway.h"
#include "server.h"

#define WITH_KEYWORDS(function) (PyCFunction)(void (*)(void))(function)

static PyMethodDef methods[] = {
    {"supervise", pel_server_supervise, METH_VARARGS,
     "supervise(first, reread, python, argv) -> int\n\nRuns the server until it is told to stop; "
     "returns the exit status. first is a reading of the configuration: a tuple of the document, "
     "{section: {key: value}}, of where its values come from, and of the document as JSON. "
     "reread() "
     "returns another for a reload, or raises what is to be logged. python is the command line "
     "that "
     "starts this interpreter, argv that of this process. Raises ValueError for a faulty "
     "document."},
    {"template_open", pel_server_template_open, METH_VARARGS,
     "template_open(doc, control, shm, event, access, listen)\n\nMakes this process the template, "
     "with the descriptors inherited from the supervisor. Raises ValueError, RuntimeError."},
    {"template_serve", pel_server_template_serve, METH_NOARGS,
     "template_serve() -> bool\n\nForks workers as the supervisor asks. False in the template, "
     "when "
     "it is to leave; True in each worker."},
    {"start_failed", pel_server_start_failed, METH_VARARGS,
     "start_failed(why, text)\n\nTells the supervisor that this template or worker cannot start: "
     "one line, and the traceback or an empty string."},
    {"work", pel_server_work, METH_VARARGS,
     "work(app) -> bool\n\nIn a worker of the template: serves app until the supervisor has it "
     "drain. "
     "False when it could not start; the supervisor knows why."},
    {"changed", pel_server_changed, METH_VARARGS,
     "changed(control, path)\n\nTells the supervisor, on the watcher's control socket, that a file "
     "of "
     "the app has changed. Raises OSError."},
    {"hear", pel_server_hear, METH_VARARGS,
     "hear(control) -> bool\n\nIn the watcher: does what the supervisor says on its control "
     "socket. "
     "False once the supervisor has closed it."},
    {"run_worker", WITH_KEYWORDS(pel_server_run_worker), METH_VARARGS | METH_KEYWORDS,
     "run_worker(doc, app, listeners, access_fd=-1, control_fd=-1)\n\nServes app in this process "
     "until SIGTERM, without supervisor and observer. doc is the configuration, {section: {key: "
     "value}}; listeners a list of listening sockets' descriptors, which stay the caller's; "
     "access_fd, where access records go, becomes the worker's; control_fd stands for the "
     "supervisor. Raises ValueError for a faulty doc, RuntimeError when the worker cannot start."},
    {"interface", pel_server_interface, METH_VARARGS,
     "interface(doc, app) -> str\n\nWhat app speaks under that configuration: \"wsgi\" or "
     "\"asgi\". Raises ValueError when it is no app."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{Py_mod_exec, pel_api_add}, {0, NULL}};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "pellucid._server",
    .m_doc = "The serving processes: supervisor, template, worker.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__server(void);

PyMODINIT_FUNC PyInit__server(void)
{
    return PyModuleDef_Init(&definition);
}
