#include "gateway/asgi.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "gateway/api.h"
#include "gateway/asgi_exchange.h"
#include "gateway/asgi_loop.h"
#include "gateway/detect.h"
#include "gateway/forked.h"
#include "gateway/handled.h"
#include "gateway/route.h"
#include "pellucid/conf.h"
#include "pellucid/log.h"
#include "pellucid/time.h"
#include "gateway/strings.h"

struct pel_asgi pel_asgi;

/* Time in which a call that is cancelled when the worker stops may clean up. */
#define CANCEL_WAIT_MS 2000

/* What open prepares, in order; close undoes it backwards. */
static const struct {
    int (*init)(void); /* 0, or -1 with an exception */
    void (*fini)(void);
} parts[] = {
    {pel_asgi_awaitable_init, pel_asgi_awaitable_fini},
    {pel_asgi_channel_init, pel_asgi_channel_fini},
    {pel_asgi_call_init, pel_asgi_call_fini},
    {pel_asgi_task_init, pel_asgi_task_fini},
    {pel_asgi_scope_init, pel_asgi_scope_fini},
    {pel_asgi_receive_init, pel_asgi_receive_fini},
    {pel_route_frames_init, pel_route_frames_fini},
};

/* So many are prepared, the last one perhaps only in part: fini undoes that, too. */
static size_t n_parts;

static int init_parts(void)
{
    while (n_parts < PEL_ARRAY_LEN(parts))
        if (parts[n_parts++].init() < 0)
            return -1;
    return 0;
}

static void fini_parts(void)
{
    while (n_parts > 0)
        parts[--n_parts].fini();
}

static int make_objects(PyObject *app)
{
    pel_asgi.app = Py_NewRef(app);
    pel_gateway_count_errors(pel_asgi.env.probes);
    pel_asgi.context = PyContext_CopyCurrent();
    pel_asgi.state = PyDict_New();
    pel_asgi.gone_type = PyErr_NewExceptionWithDoc("pellucid.ClientDisconnected",
                                                   "The client left before the response was sent.",
                                                   PyExc_OSError, NULL);
    return pel_asgi.context && pel_asgi.state && pel_asgi.gone_type ? 0 : -1;
}

static void drop_objects(void)
{
    pel_gateway_count_errors(NULL);
    Py_CLEAR(pel_asgi.app);
    Py_CLEAR(pel_asgi.context);
    Py_CLEAR(pel_asgi.state);
    Py_CLEAR(pel_asgi.gone_type);
}

/* What open_gateway has made, as far as it came. No exception is set. */
static void drop_all(void)
{
    pel_api_close();
    fini_parts();
    pel_asgi_loop_close();
    drop_objects();
    pel_interned_fini();
}

/* The loop is not running, and has been asked for nothing yet. */
static int open_gateway(const struct pel_gateway_env *env, PyObject *app, struct pel_err *err)
{
    pel_asgi.env = *env;
    pel_asgi.thread_id = (uint64_t)syscall(SYS_gettid);
    pel_asgi.gil = pel_gilwait_self();
    pel_asgi.gil_seen_ns = 0;
    pel_asgi.is_closing = false;
    pel_list_init(&pel_asgi.calls);
    if (pel_interned_init() < 0) {
        pel_gateway_log_exception(PEL_LOG_GATEWAY_NOT_PREPARED, "the ASGI gateway");
        return pel_err_set(err, "the ASGI gateway could not be prepared (see the traceback)");
    }
    if (make_objects(app) < 0 || pel_api_open(env, &pel_gateway_asgi) < 0 ||
        pel_asgi_loop_open(env->loop) < 0 || init_parts() < 0 || pel_forked_watch_loop() < 0) {
        pel_gateway_log_exception(PEL_LOG_GATEWAY_NOT_PREPARED, "the ASGI gateway");
        drop_all();
        return pel_err_set(err, "the ASGI gateway could not be prepared (see the traceback)");
    }
    pel_handled_listen();
    if (pel_asgi_lifespan_start(err) == 0)
        return 0;
    pel_gateway_asgi.close(0);
    return -1;
}

/* Waits until no call is left. */
static void wait_for_calls(int64_t timeout_ms)
{
    PyObject *tasks = PyList_New(0);
    struct pel_list *node;
    int rc = tasks ? 0 : -1;

    for (node = pel_asgi.calls.next; rc == 0 && node != &pel_asgi.calls; node = node->next) {
        PyObject *task = PEL_CONTAINER_OF(node, struct pel_asgi_call, link)->task;

        rc = task ? PyList_Append(tasks, task) : 0;
    }
    if (rc == 0 && PyList_GET_SIZE(tasks) > 0)
        rc = pel_asgi_loop_wait(tasks, timeout_ms);
    if (rc < 0)
        pel_gateway_log_exception(PEL_LOG_APP_CALLS_LEFT, "waiting for the app's requests");
    Py_XDECREF(tasks);
}

static void cancel_calls(void)
{
    struct pel_list *node, *next;

    for (node = pel_asgi.calls.next; node != &pel_asgi.calls; node = next) {
        next = node->next;
        pel_asgi_call_cancel(PEL_CONTAINER_OF(node, struct pel_asgi_call, link));
    }
}

static void abandon_calls(void)
{
    unsigned n = 0;

    for (; !pel_list_is_empty(&pel_asgi.calls); n++)
        pel_asgi_call_abandon(PEL_CONTAINER_OF(pel_asgi.calls.next, struct pel_asgi_call, link));
    if (n)
        pel_log(PEL_LOG_APP_CALLS_LEFT, "%u calls of the app did not end when they were cancelled",
                n);
}

/* Requests have been drained by the worker, as far as they would; what is left are those that would
 * not, and background tasks. */
static void close_gateway(uint64_t deadline_ns)
{
    uint64_t now_ns = pel_now_ns();

    if (now_ns < deadline_ns)
        wait_for_calls((int64_t)((deadline_ns - now_ns) / PEL_NS_PER_MS));
    pel_asgi.is_closing = true;
    cancel_calls();
    wait_for_calls(CANCEL_WAIT_MS);
    abandon_calls();
    pel_asgi_lifespan_stop(pel_asgi.env.conf->server_graceful_timeout_ms);
    /* While what they may be waiting for, receive and send, is still there. */
    pel_asgi.env.cancel_tasks(pel_asgi.env.loop);
    drop_all();
}

const struct pel_gateway pel_gateway_asgi = {
    .name = "asgi",
    .mode = PEL_GATEWAY_LOOP,
    .accepts = pel_detect_asgi,
    .open = open_gateway,
    .respond = pel_asgi_exchange_start,
    .spent = pel_asgi_exchange_spent,
    .on_body = pel_asgi_exchange_body,
    .on_drain = pel_asgi_exchange_drain,
    .on_gone = pel_asgi_exchange_gone,
    .close = close_gateway,
};
