#include "gateway/asgi.h"
#include "gateway/asgi_call.h"
#include "gateway/asgi_loop.h"
#include "gateway/strings.h"

/* Keyword arguments of Task(). Owned. */
static PyObject *kwargs;

/* Its context is a copy of the current one, which is pel_asgi.context. */
static PyObject *task_new(struct pel_asgi_call *call)
{
    return PyObject_VectorcallDict(pel_asgi_loop.task_type, (PyObject *[]){(PyObject *)call}, 1,
                                   kwargs);
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

static int start_eagerly(struct pel_asgi_call *call)
{
    return keep(call, task_new(call));
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
 * Python 3.11 has no eager tasks: Task() hands its first step to loop.call_soon. The loop has a
 * call_soon of ours, which keeps that step while a task is being made; it is then run at once, as
 * the loop would have run it.
 *
 * Task() also puts itself into a WeakSet of all tasks, written in Python, which costs as much as
 * all else about a task. The WeakSet has an add of ours, which keeps the task instead. Among the
 * weak references behind the WeakSet there is a callable of ours, which gives that task as they
 * would. A task that goes on after its first step is registered as usual.
 *
 * The garbage collector may run while a task is being made, and a finalizer may make another one.
 * The last that comes is ours; an earlier one goes where it was going.
 */
static struct {
    bool is_making;
    PyObject *call_soon;      /* owned: the callable that stands in ... */
    PyObject *before;         /* owned: ... and what was in its place; NULL: nothing */
    PyObject *step, *context; /* owned: what was caught, and what it is to run in */
    PyObject *task;           /* owned: being made, or in its first step */
    PyObject *all_tasks;      /* owned: the WeakSet, ... */
    PyObject *set;            /* owned: ... what is behind it, ... */
    PyObject *member;         /* owned: ... our callable in there, ... */
    PyObject *add;            /* owned: ... and its own method */
    PyObject *register_task;  /* owned: asyncio's function */
} catcher;

static int forward(PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    PyObject *handle = PyObject_Vectorcall(pel_asgi_loop.call_soon, args, (size_t)n, names);

    Py_XDECREF(handle);
    return handle ? 0 : -1;
}

static PyObject *catch_step(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    Py_ssize_t n_names = names ? PyTuple_GET_SIZE(names) : 0;

    if (PEL_UNLIKELY(!catcher.is_making || n != 1 || n_names != 1))
        return PyObject_Vectorcall(pel_asgi_loop.call_soon, args, (size_t)n, names);
    if (PEL_UNLIKELY(catcher.step != NULL) &&
        forward((PyObject *[]){catcher.step, catcher.context}, 1, names) < 0)
        return NULL;
    Py_XSETREF(catcher.step, Py_NewRef(args[0]));
    Py_XSETREF(catcher.context, Py_NewRef(args[1]));
    Py_RETURN_NONE;
}

static PyMethodDef catch_step_def = {"call_soon", (PyCFunction)(void (*)(void))catch_step,
                                     METH_FASTCALL | METH_KEYWORDS, NULL};

static PyObject *add_task(PyObject *self, PyObject *task)
{
    PyObject *earlier = catcher.task, *done = NULL;

    if (PEL_UNLIKELY(!catcher.is_making))
        return PyObject_CallOneArg(catcher.add, task);
    catcher.task = Py_NewRef(task);
    if (PEL_LIKELY(!earlier))
        Py_RETURN_NONE;
    done = PyObject_CallOneArg(catcher.add, earlier);
    Py_DECREF(earlier);
    return done;
}

static PyMethodDef add_task_def = {"add", add_task, METH_O, NULL};

static PyObject *first_step_task(PyObject *self, PyObject *unused)
{
    return Py_NewRef(catcher.task ? catcher.task : Py_None);
}

static PyMethodDef first_step_task_def = {"first_step_task", first_step_task, METH_NOARGS, NULL};

static PyObject *task_new_caught(struct pel_asgi_call *call)
{
    PyObject *task;

    catcher.is_making = true;
    task = task_new(call);
    catcher.is_making = false;
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

/* The task goes on after its first step. */
static void register_task(PyObject *task)
{
    PyObject *done = PyObject_CallOneArg(catcher.register_task, task);

    if (!done)
        PyErr_WriteUnraisable(task);
    Py_XDECREF(done);
}

static int start_eagerly(struct pel_asgi_call *call)
{
    PyObject *task = task_new_caught(call);
    PyObject *step = catcher.step, *context = catcher.context;
    int rc;

    catcher.step = catcher.context = NULL;
    rc = keep(call, task);
    if (rc == 0 && step) /* else a Task that starts itself otherwise */
        run_step(step, context);
    Py_CLEAR(catcher.task);
    if (rc == 0 && call->task)
        register_task(call->task);
    Py_XDECREF(step);
    Py_XDECREF(context);
    return rc;
}

/* What asyncio has: the WeakSet and what goes with it. */
static int find_set(PyObject *tasks)
{
    catcher.register_task = PyObject_GetAttrString(tasks, "_register_task");
    if (!catcher.register_task ||
        !(catcher.all_tasks = PyObject_GetAttrString(tasks, "_all_tasks")))
        return -1;
    catcher.set = PyObject_GetAttrString(catcher.all_tasks, "data");
    if (!catcher.set || !(catcher.add = PyObject_GetAttrString(catcher.all_tasks, "add")))
        return -1;
    if (PySet_Check(catcher.set))
        return 0;
    PyErr_SetString(PyExc_TypeError, "asyncio keeps its tasks in no set");
    return -1;
}

/* WeakSet.__dict__["add"] = ours, and our callable in the set behind it. */
static int init_set(void)
{
    PyObject *tasks = PyImport_ImportModule("asyncio.tasks"), *add = NULL;
    int rc = tasks ? find_set(tasks) : -1;

    Py_XDECREF(tasks);
    if (rc < 0 || !(catcher.member = PyCFunction_New(&first_step_task_def, NULL)))
        return -1;
    add = PyCFunction_New(&add_task_def, NULL);
    rc = add ? PySet_Add(catcher.set, catcher.member) : -1;
    if (rc == 0)
        rc = PyObject_SetAttrString(catcher.all_tasks, "add", add);
    Py_XDECREF(add);
    return rc;
}

/* loop.__dict__["call_soon"] = ours. */
static int init_call_soon(PyObject *loop_dict)
{
    catcher.before = Py_XNewRef(PyDict_GetItemWithError(loop_dict, pel_interned.call_soon));
    if (!PyErr_Occurred())
        catcher.call_soon = PyCFunction_New(&catch_step_def, NULL);
    return catcher.call_soon ? PyDict_SetItem(loop_dict, pel_interned.call_soon, catcher.call_soon)
                             : -1;
}

static int init_eager(void)
{
    PyObject *dict = pel_asgi_loop.dict;

    return dict && (init_call_soon(dict) < 0 || init_set() < 0) ? -1 : 0;
}

/* Whoever has changed it meanwhile has taken ours away, too. */
static void restore(void)
{
    PyObject *dict = pel_asgi_loop.dict;
    int rc = catcher.before ? PyDict_SetItem(dict, pel_interned.call_soon, catcher.before)
                            : PyDict_DelItem(dict, pel_interned.call_soon);

    if (rc < 0)
        PyErr_Clear();
    if (catcher.add && PyObject_SetAttrString(catcher.all_tasks, "add", NULL) < 0)
        PyErr_Clear();
    if (catcher.member && PySet_Discard(catcher.set, catcher.member) < 0)
        PyErr_Clear();
}

static void fini_eager(void)
{
    if (catcher.call_soon)
        restore();
    Py_CLEAR(catcher.call_soon);
    Py_CLEAR(catcher.before);
    Py_CLEAR(catcher.add);
    Py_CLEAR(catcher.member);
    Py_CLEAR(catcher.set);
    Py_CLEAR(catcher.all_tasks);
    Py_CLEAR(catcher.register_task);
}

#endif

/* As loop.create_task does it, with whatever factory the app has installed. */
static int start_soon(struct pel_asgi_call *call)
{
    return keep(call, PyObject_CallMethodOneArg(pel_asgi_loop.loop, pel_interned.create_task,
                                                (PyObject *)call));
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
    int how = may_be_eager(moment_ns);
    int rc;

    if (how < 0 || PyContext_Enter(pel_asgi.context) < 0)
        return -1;
    rc = how ? start_eagerly(call) : start_soon(call);
    if (PyContext_Exit(pel_asgi.context) < 0 && rc == 0)
        PyErr_WriteUnraisable((PyObject *)call);
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
