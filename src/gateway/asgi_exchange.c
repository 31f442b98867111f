#include "gateway/asgi_exchange.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "gateway/api.h"
#include "gateway/asgi.h"
#include "gateway/asgi_loop.h"
#include "gateway/asgi_verdict.h"
#include "pellucid/inflight.h"
#include "pellucid/log.h"
#include "pellucid/probe.h"
#include "pellucid/time.h"
#include "gateway/strings.h"

/* Time for an app that knows nothing of a client's leaving to finish what it does. */
#define GONE_GRACE_S 1.0

/* A request that goes on so soon after the loop had the GIL does so in the same turn of it. */
#define SAME_TURN_NS PEL_NS_PER_MS

/* An exception after the response. */
static void report_late(const struct pel_asgi_call *call, PyObject *exc)
{
    if (!PyErr_GivenExceptionMatches(exc, pel_asgi_loop.cancelled_error))
        pel_asgi_after_raised(call->after, exc);
}

/* --- the end --- */

static bool lists_trailers(struct pel_str te)
{
    const char *p = te.p, *end = te.p + te.len;

    while (p < end) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        const char *stop = comma ? comma : end;

        while (p < stop && (*p == ' ' || *p == '\t'))
            p++;
        while (stop > p && (stop[-1] == ' ' || stop[-1] == '\t'))
            stop--;
        if (pel_str_ieq(pel_str(p, (size_t)(stop - p)), PEL_STR("trailers")))
            return true;
        p = comma ? comma + 1 : end;
    }
    return false;
}

/* The extension sends trailers to clients that ask for them, and drops them for others. */
static bool takes_trailers(const struct pel_head *head)
{
    for (size_t i = 0; i < head->n_headers; i++)
        if (head->headers[i].id == PEL_HEADER_TE && lists_trailers(head->headers[i].value))
            return true;
    return false;
}

/* A framework that leaves its route in the scope adds to it. */
static void read_route(struct pel_asgi_exchange *ex)
{
    struct pel_asgi_call *call = ex->call;

    if (call->framework_own || PyDict_GET_SIZE(call->scope.dict) > ex->scope_len)
        pel_gateway_read_route(ex->rq, call->scope.dict, call->framework_own);
}

/* What waiting for the client has taken so far. */
static void note_waits(const struct pel_asgi_exchange *ex)
{
    ex->rq->rec.spent.body_wait_ns = ex->call->receive->waited_ns;
    ex->rq->rec.spent.write_wait_ns = ex->call->send->waited_ns;
}

/* The request goes back to the transport; what the app still holds of it is cut off. */
static void give_back(struct pel_asgi_exchange *ex)
{
    struct pel_request *rq = ex->rq;
    bool is_complete = ex->phase == PEL_ASGI_COMPLETE;

    read_route(ex);
    pel_asgi_verdict_handled(ex);
    pel_api_end(rq);
    if (!rq->rec.stamp_ns[PEL_STAMP_APP_END])
        pel_record_stamp(&rq->rec, PEL_STAMP_APP_END, pel_now_ns());
    pel_asgi_loop_cancel(&ex->check);
    ex->call->owner = NULL;
    pel_asgi_channel_end(ex->call->receive, ex->is_gone && !is_complete);
    pel_asgi_channel_end(ex->call->send, ex->is_gone && !is_complete);
    note_waits(ex);
    if (!ex->call->is_over)
        ex->call->after = pel_asgi_after_new(&rq->rec);
    rq->app = NULL;
    if (ex->trailers.n && !takes_trailers(rq->head))
        ex->trailers.n = 0;
    if (is_complete)
        rq->ops->finish(rq, ex->trailers.items, ex->trailers.n);
    else
        rq->ops->abort(rq);
}

/* --- waits for the GIL --- */

/*
 * The loop has waited for the GIL: the first request that goes on in the turn that followed has
 * waited, too. When turns begin is not known, but what a loop does before it steps tasks takes
 * microseconds.
 */
static void claim_gil_wait(const struct pel_asgi_exchange *ex, uint64_t now_ns)
{
    const struct pel_gilwait *g = pel_asgi.gil;
    uint64_t could_ns = g->end_ns > ex->since_ns ? g->end_ns - ex->since_ns : 0;

    if (now_ns - g->end_ns < SAME_TURN_NS)
        ex->rq->rec.spent.gil_wait_ns += g->last_ns < could_ns ? g->last_ns : could_ns;
    pel_asgi.gil_seen_ns = g->end_ns;
}

/* What the thread has waited in this step; after the last byte nobody waits for the app. */
static void charge_gil_wait(struct pel_asgi_exchange *ex)
{
    const struct pel_gilwait *g = pel_asgi.gil;

    if (PEL_LIKELY(g->total_ns == ex->gil_ns))
        return;
    if (ex->phase != PEL_ASGI_COMPLETE)
        ex->rq->rec.spent.gil_wait_ns += g->total_ns - ex->gil_ns;
    ex->gil_ns = g->total_ns;
    pel_asgi.gil_seen_ns = g->end_ns;
}

/* --- its channels --- */

void pel_asgi_exchange_complete(struct pel_asgi_exchange *ex)
{
    bool is_stepping = ex->call->is_stepping;

    if (is_stepping)
        charge_gil_wait(ex);
    ex->phase = PEL_ASGI_COMPLETE;
    if (is_stepping)
        pel_asgi_channel_wake(ex->call->receive); /* other tasks of the app: http.disconnect */
    else
        give_back(ex);
}

void pel_asgi_exchange_shift(const struct pel_asgi_channel *ch, enum pel_request_phase phase)
{
    struct pel_asgi_exchange *ex = ch->owner;

    if (!ex)
        return;
    note_waits(ex);
    if (!ch->since_ns && !ex->call->is_stepping)
        ex->since_ns = pel_now_ns();
    pel_inflight_show_phase(&ex->rq->rec, ch->since_ns ? phase : PEL_REQUEST_PHASE_APP);
}

PyObject *pel_asgi_exchange_raise_gone(struct pel_asgi_exchange *ex)
{
    ex->is_gone = ex->is_told = true;
    PyErr_SetString(pel_asgi.gone_type, "the client has disconnected");
    return NULL;
}

/* --- the call's events --- */

static void entered(struct pel_asgi_call *call)
{
    struct pel_asgi_exchange *ex = call->owner;
    struct pel_record *rec;
    uint64_t now_ns;

    if (!ex)
        return;
    rec = &ex->rq->rec;
    now_ns = pel_now_ns();
    if (PEL_UNLIKELY(pel_asgi.gil->end_ns > pel_asgi.gil_seen_ns) &&
        rec->stamp_ns[PEL_STAMP_APP_START])
        claim_gil_wait(ex, now_ns);
    ex->gil_ns = pel_asgi.gil->total_ns;
    ex->since_ns = now_ns;
    pel_cputime_enter(&pel_asgi.cpu, ex->since_ns);
    pel_api_running = ex->rq;
    if (!rec->stamp_ns[PEL_STAMP_APP_START]) {
        pel_record_stamp(rec, PEL_STAMP_APP_START, ex->since_ns);
        rec->thread_id = pel_asgi.thread_id;
        pel_api_enter_task(ex->rq);
    }
    if (pel_asgi.env.probes)
        pel_probes_app_enter(pel_asgi.env.probes, rec);
}

static void end_step(struct pel_asgi_exchange *ex, uint64_t now_ns)
{
    pel_cputime_leave(&pel_asgi.cpu, &ex->rq->rec.spent, ex->since_ns, now_ns);
    charge_gil_wait(ex);
    ex->since_ns = now_ns;
    if (pel_asgi.env.probes)
        pel_probes_app_leave(pel_asgi.env.probes, &ex->rq->rec);
}

static void left(struct pel_asgi_call *call)
{
    struct pel_asgi_exchange *ex = call->owner;

    pel_api_running = NULL;
    if (!ex)
        return;
    end_step(ex, pel_now_ns());
    if (ex->phase == PEL_ASGI_COMPLETE)
        give_back(ex);
}

static void ended(struct pel_asgi_call *call, PyObject *exc)
{
    struct pel_asgi_exchange *ex = call->owner;

    pel_api_running = NULL;
    if (ex) {
        if (exc)
            pel_asgi_verdict_raised(ex, exc);
        else
            pel_asgi_verdict_returned(ex);
        pel_record_stamp(&ex->rq->rec, PEL_STAMP_APP_END, pel_now_ns());
        if (call->is_stepping) /* not abandoned */
            end_step(ex, ex->rq->rec.stamp_ns[PEL_STAMP_APP_END]);
        give_back(ex);
    } else if (exc) {
        report_late(call, exc);
    }
    pel_list_remove(&call->link);
    Py_DECREF(call); /* of the list; the task has one */
}

static const struct pel_asgi_call_ops call_ops = {entered, left, ended};

/* What other tasks of the app, and other requests, use is not the request's. */
void pel_asgi_exchange_spent(const struct pel_request *rq, uint64_t now_ns, struct pel_spent *spent)
{
    const struct pel_asgi_exchange *ex = rq->app;

    *spent = rq->rec.spent;
    if ((uint64_t)syscall(SYS_gettid) != pel_asgi.thread_id)
        spent->cpu_ns = 0;
    else if (ex && ex->call && ex->call->is_stepping && !rq->rec.stamp_ns[PEL_STAMP_APP_END])
        pel_cputime_peek(&pel_asgi.cpu, spent, ex->since_ns, now_ns);
}

/* --- the beginning --- */

/* There is no task, and will be none. An exception is set. */
static void start_failed(struct pel_asgi_exchange *ex)
{
    struct pel_asgi_call *call = ex->call;

    pel_gateway_app_failed(ex->rq);
    if (call) {
        call->is_over = true;
        pel_list_remove(&call->link);
        give_back(ex);
        Py_DECREF(call); /* of the list */
    } else {
        ex->rq->app = NULL;
        ex->rq->ops->abort(ex->rq);
    }
}

void pel_asgi_exchange_start(struct pel_request *rq)
{
    struct pel_asgi_exchange *ex = pel_arena_alloc(&rq->arena, sizeof(*ex));
    struct pel_asgi_call *call;

    memset(ex, 0, sizeof(*ex));
    ex->rq = rq;
    rq->app = ex;
    call = pel_asgi_call_new(&call_ops, ex, pel_asgi_scope_new(rq),
                             pel_asgi_channel_new(&pel_asgi_receive_ops, ex),
                             pel_asgi_channel_new(&pel_asgi_send_ops, ex));
    ex->call = call;
    if (!call) {
        start_failed(ex);
        return;
    }
    ex->scope_len = PyDict_GET_SIZE(call->scope.dict);
    pel_list_push_tail(&pel_asgi.calls, &call->link);
    Py_INCREF(call); /* of the list */
    if (pel_asgi_task_start(call, rq->rec.stamp_ns[PEL_STAMP_FIRST_BYTE]) < 0) {
        if (call->owner)
            start_failed(ex);
        else /* ex is no more: the app has answered before its task failed */
            pel_gateway_log_exception(PEL_LOG_APP_CALL_NOT_MADE, "an app's task could not be made");
    }
    Py_DECREF(call);
}

/* --- the transport's events --- */

void pel_asgi_exchange_body(struct pel_request *rq)
{
    struct pel_asgi_exchange *ex = rq->app;

    pel_asgi_channel_wake(ex->call->receive);
}

void pel_asgi_exchange_drain(struct pel_request *rq)
{
    struct pel_asgi_exchange *ex = rq->app;

    pel_asgi_channel_wake(ex->call->send);
}

static PyObject *check_gone(PyObject *self, PyObject *unused);

static PyMethodDef check_gone_def = {"pellucid_check_gone", check_gone, METH_NOARGS, NULL};

static void check_later(struct pel_asgi_exchange *ex)
{
    ex->checked_bytes_out = ex->rq->rec.bytes_out;
    ex->check = pel_asgi_loop_later(ex->may_still_read ? GONE_GRACE_S : 0, &check_gone_def,
                                    (PyObject *)ex->call);
    if (!ex->check)
        PyErr_WriteUnraisable((PyObject *)ex->call);
}

/* Does a client that sends no more take what the app sends, or has it what it is to take? */
static bool is_taking(const struct pel_asgi_exchange *ex)
{
    const struct pel_request *rq = ex->rq;

    return ex->is_half_closed &&
           (rq->rec.bytes_out > ex->checked_bytes_out || !rq->ops->is_writable(rq));
}

/* The app was not told: it waits for something else, and is cancelled for it. */
static PyObject *check_gone(PyObject *self, PyObject *unused)
{
    struct pel_asgi_call *call = (struct pel_asgi_call *)self;
    struct pel_asgi_exchange *ex = call->owner;

    if (!ex || ex->is_told || ex->phase == PEL_ASGI_COMPLETE)
        Py_RETURN_NONE;
    Py_CLEAR(ex->check);
    if (is_taking(ex)) {
        check_later(ex);
    } else {
        ex->is_cancelled = true;
        pel_asgi_call_cancel(call);
    }
    Py_RETURN_NONE;
}

void pel_asgi_exchange_gone(struct pel_request *rq, bool may_read)
{
    struct pel_asgi_exchange *ex = rq->app;
    bool is_told = ex->is_told;

    if (ex->phase == PEL_ASGI_COMPLETE)
        return;
    ex->is_gone = true;
    ex->is_half_closed = may_read;
    ex->may_still_read = may_read || ex->phase == PEL_ASGI_SILENT;
    is_told |= pel_asgi_channel_wake(ex->call->receive);
    if (!ex->may_still_read)
        is_told |= pel_asgi_channel_wake(ex->call->send);
    ex->is_told = is_told;
    if (is_told || ex->is_cancelled || (ex->check && ex->may_still_read))
        return;
    pel_asgi_loop_cancel(&ex->check);
    check_later(ex);
}
