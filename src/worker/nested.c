#include "nested.h"

#include "gcstats.h"
#include "h1.h"
#include "lag.h"
#include "outer.h"
#include "pellucid/gateway.h"
#include "pellucid/log.h"
#include "pellucid/time.h"

/* asyncio's own callbacks wait while a turn starts requests: so many at most, and no longer. */
#define TURN_REQUESTS_MAX 64
#define TURN_NS_MAX (2 * PEL_NS_PER_MS)
/* Requests between two looks at the clock. */
#define CLOCK_EVERY 4

/* Runs of libuv in one turn that found no request. */
#define ROUNDS_MAX 4

/* One a process. All objects are owned; outer is NULL while closed. */
static struct {
    struct pel_loop *inner;
    PyObject *outer;
    PyObject *on_soon, *on_event, *on_timer; /* callables of call_soon, add_reader, call_later */
    PyObject *call_soon, *call_later;
    PyObject *timer;      /* the handle of the bridged timer, or NULL */
    uint64_t timer_at_ms; /* of uv_now; valid with timer */
    bool is_turning;      /* inside a turn: libuv will be run again if need be */
    bool is_kicked;
    bool is_soon;    /* a turn is on the outer loop's ready list */
    bool is_running; /* inside pel_nested_run */
    bool is_stopped;
} nested;

/* The outer loop itself has failed (call_soon on a closed loop): it can only be said. */
static void log_failure(const char *what)
{
    pel_log(PEL_LOG_LOOP_FAILED, "event loop: %s failed", what);
    PyErr_WriteUnraisable(nested.outer);
}

static void schedule_soon(void)
{
    PyObject *handle;

    if (nested.is_soon)
        return;
    handle = PyObject_CallOneArg(nested.call_soon, nested.on_soon);
    if (!handle) {
        log_failure("call_soon");
        return;
    }
    Py_DECREF(handle);
    nested.is_soon = true;
}

static void cancel_timer(void)
{
    PyObject *done;

    if (!nested.timer)
        return;
    done = PyObject_CallMethod(nested.timer, "cancel", NULL);
    if (!done)
        log_failure("cancelling a timer");
    Py_XDECREF(done);
    Py_CLEAR(nested.timer);
}

/* One timer of the outer loop stands for all of libuv's. It is left alone when it fires early
 * enough: timeouts are pushed back again and again, and seldom come. */
static void bridge_timer(int timeout_ms)
{
    uint64_t at_ms = uv_now(&nested.inner->uv) + (uint64_t)timeout_ms;

    if (nested.timer && nested.timer_at_ms <= at_ms)
        return;
    cancel_timer();
    nested.timer =
        PyObject_CallFunction(nested.call_later, "dO", timeout_ms / 1e3, nested.on_timer);
    nested.timer_at_ms = at_ms;
    if (!nested.timer)
        log_failure("call_later");
}

/* What a turn may still do. */
struct budget {
    unsigned requests, rounds;
    uint64_t end_ns;
};

/* True when it started any. */
static bool start_requests(struct budget *b)
{
    unsigned before = b->requests;
    struct pel_request *rq;

    while (b->requests && (rq = pel_loop_pop_ready(nested.inner))) {
        pel_wave_admit(pel_h1_of(rq));
        pel_h1_start(pel_h1_of(rq));
        b->requests--;
        if (b->requests % CLOCK_EVERY == 0 && pel_now_ns() > b->end_ns)
            b->requests = 0;
    }
    pel_wave_send(nested.inner);
    return b->requests < before;
}

/*
 * Runs libuv, and starts the requests that brings, as long as there are more: a run costs a
 * fraction of what a turn of the outer loop does. And until no handle has been started in its
 * callbacks: epoll learns of those with one more run. True when there is more to do.
 */
static bool run_inner(void)
{
    uint64_t now_ns = pel_now_ns();
    struct budget b = {TURN_REQUESTS_MAX, ROUNDS_MAX, now_ns + TURN_NS_MAX};
    bool is_productive;

    pel_lag_probe(now_ns);

    do {
        nested.is_kicked = false;
        pel_loop_turn(nested.inner, false);
        is_productive = start_requests(&b);
        b.rounds -= !is_productive;
    } while ((is_productive || nested.is_kicked) && b.requests && b.rounds);
    return nested.is_kicked || nested.inner->n_ready > 0;
}

static void set_polling(bool may_sleep)
{
    atomic_store_explicit(&nested.inner->slot->is_polling, may_sleep, memory_order_relaxed);
}

static void turn(void)
{
    bool has_more;
    int timeout_ms;

    nested.is_soon = false;
    if (PEL_UNLIKELY(pel_gateway_is_forked)) /* in a task that is no request's */
        pel_gateway_end_forked();
    set_polling(false);
    nested.is_turning = true;
    has_more = run_inner();
    nested.is_turning = false;
    pel_loop_drop_refs(nested.inner);
    if (PEL_UNLIKELY(pel_gcstats_is_due(nested.inner)))
        pel_gcstats_look(nested.inner);
    pel_loop_flush(nested.inner);

    timeout_ms = uv_backend_timeout(&nested.inner->uv);
    if (has_more || timeout_ms == 0)
        schedule_soon();
    else if (timeout_ms < 0)
        cancel_timer();
    else
        bridge_timer(timeout_ms);
    set_polling(true);
}

static PyObject *on_soon(PyObject *self, PyObject *unused)
{
    turn();
    Py_RETURN_NONE;
}

/* Has nothing to add to a turn that is due anyway. */
static PyObject *on_event(PyObject *self, PyObject *unused)
{
    if (!nested.is_soon)
        turn();
    Py_RETURN_NONE;
}

static PyObject *on_timer(PyObject *self, PyObject *unused)
{
    Py_CLEAR(nested.timer);
    return on_event(self, unused);
}

static PyMethodDef on_soon_def = {"pellucid_turn", on_soon, METH_NOARGS, NULL};
static PyMethodDef on_event_def = {"pellucid_event", on_event, METH_NOARGS, NULL};
static PyMethodDef on_timer_def = {"pellucid_timer", on_timer, METH_NOARGS, NULL};

static void kick(struct pel_loop *inner)
{
    if (nested.is_turning)
        nested.is_kicked = true;
    else
        schedule_soon();
}

static int watch_inner(void)
{
    int fd = uv_backend_fd(&nested.inner->uv);
    PyObject *done;

    nested.on_soon = PyCFunction_New(&on_soon_def, NULL);
    nested.on_event = PyCFunction_New(&on_event_def, NULL);
    nested.on_timer = PyCFunction_New(&on_timer_def, NULL);
    nested.call_soon = PyObject_GetAttrString(nested.outer, "call_soon");
    nested.call_later = PyObject_GetAttrString(nested.outer, "call_later");
    if (!nested.on_soon || !nested.on_event || !nested.on_timer || !nested.call_soon ||
        !nested.call_later || pel_lag_open(&nested.inner->slot->vitals, nested.call_soon) != 0)
        return -1;
    done = PyObject_CallMethod(nested.outer, "add_reader", "iO", fd, nested.on_event);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

static void unwatch_inner(void)
{
    int fd = uv_backend_fd(&nested.inner->uv);
    PyObject *done = PyObject_CallMethod(nested.outer, "remove_reader", "i", fd);

    if (!done)
        log_failure("remove_reader");
    Py_XDECREF(done);
    cancel_timer();
    nested.inner->kick = NULL;
}

static void drop_refs(void)
{
    pel_lag_close();
    Py_CLEAR(nested.on_soon);
    Py_CLEAR(nested.on_event);
    Py_CLEAR(nested.call_soon);
    Py_CLEAR(nested.call_later);
}

PyObject *pel_nested_open(struct pel_loop *inner, struct pel_err *err)
{
    PEL_ASSERT(!nested.outer);
    memset(&nested, 0, sizeof(nested));
    nested.inner = inner;
    nested.outer = pel_outer_open(inner->conf, err);
    if (!nested.outer)
        return NULL;
    if (watch_inner() != 0) {
        pel_err_set(err, "server.loop: the event loop cannot watch descriptors (add_reader)");
        PyErr_WriteUnraisable(nested.outer);
        drop_refs();
        pel_outer_close(nested.outer);
        nested.outer = NULL;
        return NULL;
    }
    inner->kick = kick;
    schedule_soon();
    return nested.outer;
}

int pel_nested_run(struct pel_err *err)
{
    schedule_soon(); /* handles were started since the loop last ran */
    while (!nested.is_stopped) {
        PyObject *done;

        nested.is_running = true;
        done = PyObject_CallMethod(nested.outer, "run_forever", NULL);
        nested.is_running = false;
        if (!done)
            return pel_outer_err(err, "the app has broken out of the event loop");
        Py_DECREF(done);
        if (!nested.is_stopped)
            pel_log(PEL_LOG_LOOP_STOPPED,
                    "the app has stopped the event loop; it goes on: stop the server instead");
    }
    return 0;
}

void pel_nested_stop(void)
{
    PyObject *done;

    nested.is_stopped = true;
    if (!nested.is_running)
        return;
    done = PyObject_CallMethod(nested.outer, "stop", NULL);
    if (!done)
        log_failure("stop");
    Py_XDECREF(done);
}

void pel_nested_close(void)
{
    unwatch_inner();
    drop_refs();
    pel_outer_close(nested.outer);
    nested.outer = NULL;
}
