#include <sys/syscall.h>
#include <unistd.h>

#include "gateway/api.h"
#include "gateway/detect.h"
#include "gateway/handled.h"
#include "gateway/route.h"
#include "gateway/strings.h"
#include "gateway/wsgi.h"
#include "pellucid/cputime.h"
#include "pellucid/gilwait.h"
#include "pellucid/probe.h"
#include "pellucid/time.h"

struct pel_wsgi pel_wsgi;

/* What is known of this thread. */
struct self {
    uint64_t id; /* kernel tid */
    struct pel_cputime cpu;
    const struct pel_gilwait *gil;
    uint64_t gil_ns; /* its waits for the GIL that have been charged */
};

static struct self *self(void)
{
    static _Thread_local struct self self;

    if (PEL_UNLIKELY(!self.id)) {
        self.id = (uint64_t)syscall(SYS_gettid);
        self.gil = pel_gilwait_self();
    }
    return &self;
}

/* What this thread has waited for the GIL since the last call. */
static uint64_t take_gil_wait_ns(void)
{
    struct self *me = self();
    uint64_t waited_ns = me->gil->total_ns - me->gil_ns;

    me->gil_ns += waited_ns;
    return waited_ns;
}

/* --- one request --- */

/* The two objects of environ that belong to the exchange. 0, or -1 with an exception. */
static int complete_environ(struct pel_exchange *x, PyObject *env)
{
    PyObject *input = pel_wsgi_input_new(x);
    PyObject *hints = pel_wsgi_method_new(&pel_wsgi_early_hints, x);
    int result = -1;

    if (input && hints && PyDict_SetItem(env, pel_interned.wsgi_input, input) == 0)
        result = PyDict_SetItem(env, pel_interned.wsgi_early_hints, hints);
    x->environ_len = PyDict_GET_SIZE(env);
    Py_XDECREF(input);
    Py_XDECREF(hints);
    return result;
}

static bool is_list(PyObject *iterable)
{
    return PyList_CheckExact(iterable) || PyTuple_CheckExact(iterable);
}

/* close() of what the app returned: once, whatever happened. What it raises no longer changes the
 * response, but is logged and kept in the record. */
static void close_iterable(struct pel_exchange *x, PyObject *iterable)
{
    PyObject *method = pel_py_attr(iterable, pel_interned.close), *result;

    if (!method)
        return;
    result = PyObject_CallNoArgs(method);
    Py_DECREF(method);
    if (!result) {
        pel_exchange_lock(x);
        pel_exchange_app_failed(x);
        pel_exchange_leave(x);
    }
    Py_XDECREF(result);
}

/* Sends what the app returned, and lets go of it. */
static int run_response(struct pel_exchange *x, PyObject *env, PyObject *iterable)
{
    struct pel_record *rec = &x->rq->rec;
    bool was_sent = rec->stamp_ns[PEL_STAMP_LAST_BYTE] != 0; /* by write() */
    int result;

    x->rq->runs_on = !is_list(iterable);
    pel_route_read_django(x->rq, env, iterable);
    result = pel_wsgi_send(x, iterable);
    x->is_sent = true;
    rec->spent.gil_wait_ns += take_gil_wait_ns();
    pel_exchange_leave(x);
    /* With a list the app was done before the last byte was sent, and that moment is known. */
    if (!is_list(iterable))
        close_iterable(x, iterable);
    else if (!was_sent)
        pel_record_stamp(rec, PEL_STAMP_APP_END, rec->stamp_ns[PEL_STAMP_LAST_BYTE]);
    Py_DECREF(iterable);
    return result;
}

/* Runs the app to its end. 0: the response is complete; -1: it is to be aborted. */
static int run_app(struct pel_exchange *x, PyObject *env)
{
    PyObject *args[] = {NULL, env, (PyObject *)x}, *iterable;

    iterable =
        PyObject_Vectorcall(pel_wsgi.app, args + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    pel_exchange_lock(x);
    if (iterable)
        return run_response(x, env, iterable);
    pel_exchange_app_failed(x);
    pel_exchange_leave(x);
    return -1;
}

/* The framework may have answered for the app, or middleware for what the framework has passed on.
 */
static void report_handled(struct pel_request *rq, PyObject *env)
{
    PyObject *exc = pel_handled_take(rq);

    if (PEL_LIKELY(!exc))
        return;
    pel_route_read_raised(rq, env, exc);
    pel_gateway_app_raised(rq, exc);
    Py_DECREF(exc);
}

static int run_watched(struct pel_exchange *x, PyObject *env)
{
    struct pel_request *rq = x->rq; /* which x forgets when it ends */
    struct pel_record *rec = &rq->rec;
    struct self *me = self();
    int result;

    take_gil_wait_ns(); /* which was of nobody */
    rec->thread_id = me->id;
    pel_record_stamp(rec, PEL_STAMP_APP_START, pel_now_ns());
    pel_cputime_enter(&me->cpu, rec->stamp_ns[PEL_STAMP_APP_START]);
    pel_probes_app_enter(pel_wsgi.probes, rec);
    pel_api_running = rq;
    pel_api_enter_bridge(rq);
    result = run_app(x, env);
    pel_exchange_end(x);
    pel_api_running = NULL;
    if (!rec->stamp_ns[PEL_STAMP_APP_END])
        pel_record_stamp(rec, PEL_STAMP_APP_END, pel_now_ns());
    pel_cputime_leave(&me->cpu, &rec->spent, rec->stamp_ns[PEL_STAMP_APP_START],
                      rec->stamp_ns[PEL_STAMP_APP_END]);
    if (!rec->stamp_ns[PEL_STAMP_LAST_BYTE]) /* after it nobody waits for the app */
        rec->spent.gil_wait_ns += take_gil_wait_ns();
    pel_probes_app_leave(pel_wsgi.probes, rec);
    report_handled(rq, env); /* whose time is not the app's */
    return result;
}

static void respond(struct pel_request *rq)
{
    PyObject *env = pel_wsgi_environ_new(rq);
    struct pel_exchange *x = env ? pel_exchange_new(rq, env) : NULL;
    int result = -1;

    if (x && complete_environ(x, env) == 0)
        result = run_watched(x, env);
    else
        pel_gateway_app_failed(rq);
    if (x)
        pel_exchange_end(x);
    pel_api_end(rq);
    if (result == 0)
        rq->ops->finish(rq, NULL, 0);
    else
        rq->ops->abort(rq);
    Py_XDECREF((PyObject *)x);
    Py_XDECREF(env);
}

static void spent_so_far(const struct pel_request *rq, uint64_t now_ns, struct pel_spent *spent)
{
    const uint64_t *stamp_ns = rq->rec.stamp_ns;
    const struct self *me = self();

    *spent = rq->rec.spent;
    if (me->id != rq->rec.thread_id)
        spent->cpu_ns = 0;
    else if (!stamp_ns[PEL_STAMP_APP_END])
        pel_cputime_peek(&me->cpu, spent, stamp_ns[PEL_STAMP_APP_START], now_ns);
}

/* --- the gateway --- */

static void close_gateway(uint64_t deadline_ns)
{
    pel_api_close();
    pel_route_frames_fini();
    pel_gateway_count_errors(NULL);
    Py_CLEAR(pel_wsgi.app);
    Py_CLEAR(pel_wsgi.base_environ);
    if (pel_wsgi.has_interned)
        pel_interned_fini();
    memset(&pel_wsgi, 0, sizeof(pel_wsgi));
}

static int init_types(void)
{
    if (pel_exchange_type_init() < 0 || pel_wsgi_input_type_init() < 0 ||
        pel_wsgi_method_type_init() < 0)
        return -1;
    return pel_wsgi_file_wrapper_type_init();
}

static int open_gateway(const struct pel_gateway_env *genv, PyObject *app, struct pel_err *err)
{
    pel_wsgi.conf = genv->conf;
    pel_wsgi.probes = genv->probes;
    pel_wsgi.app = Py_NewRef(app);
    pel_gateway_count_errors(genv->probes);
    pel_wsgi.has_interned = pel_interned_init() == 0;
    if (pel_wsgi.has_interned && init_types() == 0 && pel_api_open(genv, &pel_gateway_wsgi) == 0 &&
        pel_wsgi_environ_prepare(genv) == 0 && pel_route_frames_init() == 0) {
        pel_handled_listen();
        return 0;
    }
    pel_gateway_log_exception(PEL_LOG_GATEWAY_NOT_PREPARED, "the WSGI gateway");
    close_gateway(0);
    return pel_err_set(err, "the WSGI gateway could not be prepared (see the traceback)");
}

const struct pel_gateway pel_gateway_wsgi = {
    .name = "wsgi",
    .mode = PEL_GATEWAY_THREADS,
    .accepts = pel_detect_wsgi,
    .open = open_gateway,
    .respond = respond,
    .spent = spent_so_far,
    .close = close_gateway,
};
