#include "gateway/asgi.h"
#include "gateway/asgi_call.h"
#include "gateway/asgi_loop.h"
#include "gateway/strings.h"

/* Keyword arguments of Task(); "context" is set for each. Owned. */
static PyObject *kwargs;

static PyObject *task_new(struct pel_asgi_call *call, PyObject *context)
{
    PyObject *task = NULL;

    if (PyDict_SetItem(kwargs, pel_interned.context, context) < 0)
        return NULL;
    task = PyObject_VectorcallDict(pel_asgi_loop.task_type, (PyObject *[]){(PyObject *)call}, 1,
                                   kwargs);
    /* The context must not outlive its request in here. */
    if (PyDict_SetItem(kwargs, pel_interned.context, Py_None) < 0)
        Py_CLEAR(task);
    return task;
}

/* As long as its app has not ended, call keeps its task alive: asyncio does not. Steals task. */
static int keep(struct pel_asgi_call *call, PyObject *task)
{
    if (!task)
        return -1;
    if (call->is_over)
        Py_DECREF(task);
    else
        Py_XSETREF(call->task, task);
    return 0;
}

#if PEL_PY_HAS_EAGER_TASK

static int start_eagerly(struct pel_asgi_call *call, PyObject *context)
{
    return keep(call, task_new(call, context));
}

static int init_eager(void)
{
    return PyDict_SetItemString(kwargs, "eager_start", Py_True);
}

static void fini_eager(void)
{
}

#else

/*
 * Python 3.11 has no eager tasks: Task() hands its first step to loop.call_soon. While it is being
 * constructed the loop has a call_soon of ours, which keeps that step; it is then run at once, as
 * the loop would have run it.
 *
 * Task() also puts itself into a WeakSet of all tasks, written in Python, which costs as much as
 * all else about a task. The WeakSet has an add of ours, which puts a plain reference into the set
 * behind it; that is taken out again after the first step, and a task that goes on is registered as
 * usual.
 */
static struct {
    PyObject *call_soon;     /* owned: the callable that stands in */
    PyObject *context;       /* borrowed: of the task under construction; nobody else has it */
    PyObject *step;          /* owned: what was caught */
    PyObject *ref;           /* owned: of that task, in the set */
    PyObject *all_tasks;     /* owned: the WeakSet, ... */
    PyObject *set;           /* owned: ... what is behind it ... */
    PyObject *add;           /* owned: ... and its own method */
    PyObject *register_task; /* owned: asyncio's function */
} catcher;

static PyObject *catch_step(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    Py_ssize_t n_names = names ? PyTuple_GET_SIZE(names) : 0;

    if (n == 1 && n_names == 1 && args[1] == catcher.context && !catcher.step) {
        catcher.step = Py_NewRef(args[0]);
        Py_RETURN_NONE;
    }
    /* Somebody else's: a finalizer that ran meanwhile. */
    return PyObject_Vectorcall(pel_asgi_loop.call_soon, args, (size_t)n, names);
}

static PyMethodDef catch_step_def = {"call_soon", (PyCFunction)(void (*)(void))catch_step,
                                     METH_FASTCALL | METH_KEYWORDS, NULL};

static PyObject *add_task(PyObject *self, PyObject *task)
{
    if (!catcher.context || catcher.ref ||
        !PyObject_TypeCheck(task, (PyTypeObject *)pel_asgi_loop.task_type))
        return PyObject_CallOneArg(catcher.add, task);
    catcher.ref = PyWeakref_NewRef(task, NULL);
    if (!catcher.ref || PySet_Add(catcher.set, catcher.ref) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef add_task_def = {"add", add_task, METH_O, NULL};

/* Puts value (NULL: none) in the place of the loop's own call_soon attribute; value is stolen. */
static int restore_call_soon(PyObject *value)
{
    int rc = value ? PyDict_SetItem(pel_asgi_loop.dict, pel_interned.call_soon, value)
                   : PyDict_DelItem(pel_asgi_loop.dict, pel_interned.call_soon);

    Py_XDECREF(value);
    return rc;
}

static PyObject *task_new_caught(struct pel_asgi_call *call, PyObject *context)
{
    PyObject *before = PyDict_GetItemWithError(pel_asgi_loop.dict, pel_interned.call_soon);
    PyObject *task;

    Py_XINCREF(before);
    if (PyErr_Occurred() ||
        PyDict_SetItem(pel_asgi_loop.dict, pel_interned.call_soon, catcher.call_soon) < 0) {
        Py_XDECREF(before);
        return NULL;
    }
    catcher.context = context;
    task = task_new(call, context);
    catcher.context = NULL;
    if (restore_call_soon(before) < 0)
        Py_CLEAR(task);
    return task;
}

static void run_step(PyObject *step, PyObject *context)
{
    PyObject *done = NULL;

    if (PyContext_Enter(context) == 0) {
        done = PyObject_CallNoArgs(step);
        if (PyContext_Exit(context) < 0)
            Py_CLEAR(done);
    }
    if (!done)
        PyErr_WriteUnraisable(step);
    Py_XDECREF(done);
}

static void forget(PyObject *ref)
{
    if (PySet_Discard(catcher.set, ref) < 0)
        PyErr_WriteUnraisable(ref);
    Py_DECREF(ref);
}

/* The task goes on after its first step. */
static void register_task(PyObject *task)
{
    PyObject *done = PyObject_CallOneArg(catcher.register_task, task);

    if (!done)
        PyErr_WriteUnraisable(task);
    Py_XDECREF(done);
}

static int start_eagerly(struct pel_asgi_call *call, PyObject *context)
{
    PyObject *task = task_new_caught(call, context);
    PyObject *step = catcher.step, *ref = catcher.ref;
    int rc;

    catcher.step = catcher.ref = NULL;
    rc = keep(call, task);
    if (rc == 0 && step) /* else a Task that starts itself otherwise */
        run_step(step, context);
    if (ref)
        forget(ref);
    if (rc == 0 && call->task)
        register_task(call->task);
    Py_XDECREF(step);
    return rc;
}

/* The WeakSet's __dict__[add] = value, or none when value is NULL. */
static int replace_add(PyObject *value)
{
    return PyObject_SetAttrString(catcher.all_tasks, "add", value);
}

static int init_add(void)
{
    PyObject *tasks = PyImport_ImportModule("asyncio.tasks"), *add;
    int rc = -1;

    if (!tasks)
        return -1;
    catcher.all_tasks = PyObject_GetAttrString(tasks, "_all_tasks");
    catcher.register_task = PyObject_GetAttrString(tasks, "_register_task");
    Py_DECREF(tasks);
    if (catcher.all_tasks)
        catcher.set = PyObject_GetAttrString(catcher.all_tasks, "data");
    if (catcher.set && PySet_Check(catcher.set) && catcher.register_task)
        catcher.add = PyObject_GetAttrString(catcher.all_tasks, "add");
    add = catcher.add ? PyCFunction_New(&add_task_def, NULL) : NULL;
    if (add)
        rc = replace_add(add);
    Py_XDECREF(add);
    return rc;
}

static int init_eager(void)
{
    catcher.call_soon = PyCFunction_New(&catch_step_def, NULL);
    return catcher.call_soon ? init_add() : -1;
}

static void fini_eager(void)
{
    if (catcher.add && replace_add(NULL) < 0)
        PyErr_Clear();
    Py_CLEAR(catcher.call_soon);
    Py_CLEAR(catcher.add);
    Py_CLEAR(catcher.set);
    Py_CLEAR(catcher.all_tasks);
    Py_CLEAR(catcher.register_task);
}

#endif

/* As loop.create_task does it, with whatever factory the app has installed; a factory need not know
 * of contexts, so it is called inside ours, which the task copies. */
static int start_soon(struct pel_asgi_call *call, PyObject *context)
{
    PyObject *task;

    if (PyContext_Enter(context) < 0)
        return -1;
    task =
        PyObject_CallMethodOneArg(pel_asgi_loop.loop, pel_interned.create_task, (PyObject *)call);
    if (PyContext_Exit(context) < 0)
        Py_CLEAR(task);
    return keep(call, task);
}

/* A loop with a factory starts its tasks itself, and 3.11 needs the loop's __dict__. -1 with an
 * exception. */
static int may_be_eager(uint64_t moment_ns)
{
    static uint64_t asked_ns;
    static int has_factory;

    if (moment_ns == 0 || !(PEL_PY_HAS_EAGER_TASK || pel_asgi_loop.dict))
        return 0;
    if (moment_ns != asked_ns) {
        has_factory = pel_asgi_loop_has_factory();
        asked_ns = has_factory < 0 ? 0 : moment_ns;
    }
    return has_factory < 0 ? -1 : !has_factory;
}

int pel_asgi_task_start(struct pel_asgi_call *call, uint64_t moment_ns)
{
    PyObject *context;
    int how = may_be_eager(moment_ns);
    int rc;

    if (how < 0)
        return -1;
    context = PyContext_Copy(pel_asgi.context);
    if (!context)
        return -1;
    rc = how ? start_eagerly(call, context) : start_soon(call, context);
    Py_DECREF(context);
    /* Most calls have ended by now, and never trouble the garbage collector. */
    if (!call->is_over && !PyObject_GC_IsTracked((PyObject *)call))
        PyObject_GC_Track(call);
    return rc;
}

int pel_asgi_task_init(void)
{
    kwargs = Py_BuildValue("{s:O,s:s}", "loop", pel_asgi_loop.loop, "name", "pellucid.request");
    return kwargs ? init_eager() : -1;
}

void pel_asgi_task_fini(void)
{
    fini_eager();
    Py_CLEAR(kwargs);
}
