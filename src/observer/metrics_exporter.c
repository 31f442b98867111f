#include "collect.h"
#include "metrics_exporter.h"
#include "outcome.h"
#include "page.h"
#include "pellucid/time.h"

static void count(struct pel_metrics_exporter *x, enum pel_export what, uint64_t n)
{
    atomic_fetch_add_explicit(&x->view->shm->header->exports[what], n, memory_order_relaxed);
}

/* --- one report --- */

static void take_report(struct pel_metrics_exporter *x)
{
    uint64_t start_ns = pel_now_ns();

    pel_report_init(&x->report, x->view->conf, x->view->shm->header, x->max_bytes);
    pel_collect(&x->report.sink, x->view);
    pel_report_end(&x->report);
    x->at = 0;
    pel_operation_add(x->view->shm->header, PEL_OPERATION_COLLECTION, 0, pel_now_ns() - start_ns);
}

static void drop_request(struct pel_metrics_exporter *x)
{
    count(x, PEL_EXPORT_POINTS_FAILED, x->report.requests[x->at].n);
    pel_health_lost(&x->health, x->report.requests[x->at].n);
    pel_buf_fini(&x->body);
    x->at++;
    x->n_tries = 0;
}

static void finish_report(struct pel_metrics_exporter *x)
{
    uv_timer_stop(&x->retry);
    pel_report_fini(&x->report);
    x->state = PEL_REPORT_NONE;
}

static void drop_report(struct pel_metrics_exporter *x)
{
    while (x->at < x->report.n)
        drop_request(x);
    finish_report(x);
}

static void send_request(struct pel_metrics_exporter *x)
{
    x->state = PEL_REPORT_SENDING;
    if (x->n_tries++ == 0)
        x->first_ns = pel_now_ns();
    if (!x->body.p) {
        x->raw_len = x->report.requests[x->at].raw.len;
        pel_transport_pack(&x->transport, &x->body, &x->report.requests[x->at].raw);
        pel_buf_fini(&x->report.requests[x->at].raw);
    }
    count(x, PEL_EXPORT_BYTES_SENT, x->body.len);
    pel_transport_post(&x->transport, &x->post, pel_str(x->body.p, x->body.len));
}

static void on_retry(uv_timer_t *timer)
{
    send_request(timer->data);
}

static void retry_later(struct pel_metrics_exporter *x)
{
    uint64_t now_ns = pel_now_ns(), at_ns;

    at_ns = x->not_before_ns = pel_retry_time(&x->post, x->n_tries, now_ns);
    if (x->is_stopping ? x->post.status == 0 || at_ns >= x->stop_ns
                       : pel_retry_is_over(x->first_ns, at_ns)) {
        drop_report(x);
        return;
    }
    x->state = PEL_REPORT_WAITING;
    uv_update_time(x->loop);
    uv_timer_start(&x->retry, on_retry, (at_ns - now_ns) / PEL_NS_PER_MS + 1, 0);
}

/* The receiver takes less at once: a new report, in smaller requests. */
static void split(struct pel_metrics_exporter *x)
{
    if (x->report.requests[x->at].n <= 1 || x->raw_len / 2 < PEL_REPORT_BYTES_MIN) {
        drop_request(x);
        return;
    }
    x->max_bytes = x->raw_len / 2;
    pel_buf_fini(&x->body);
    pel_report_fini(&x->report);
    take_report(x);
    x->n_tries = 0;
}

/* As with spans: a limit may have been of that moment. */
static void grow(struct pel_metrics_exporter *x)
{
    x->max_bytes += x->max_bytes / 128 + 1;
    if (x->max_bytes > PEL_REPORT_BYTES)
        x->max_bytes = PEL_REPORT_BYTES;
}

static void succeed(struct pel_metrics_exporter *x, const struct pel_outcome *o)
{
    size_t n = x->report.requests[x->at].n;
    uint64_t n_rejected = o->n_rejected < n ? o->n_rejected : n;

    count(x, PEL_EXPORT_REQUESTS_OK, 1);
    count(x, PEL_EXPORT_POINTS_EXPORTED, n - n_rejected);
    count(x, PEL_EXPORT_POINTS_REJECTED, n_rejected);
    grow(x);
    pel_health_succeeded(&x->health, n_rejected, o->why);
    pel_buf_fini(&x->body);
    x->at++;
    x->n_tries = 0;
}

static void on_stop_timer(uv_timer_t *timer)
{
    struct pel_metrics_exporter *x = timer->data;

    if (x->state != PEL_REPORT_NONE) {
        pel_transport_cancel(&x->transport, &x->post);
        drop_report(x);
    }
    pel_health_end(&x->health);
    x->on_stopped(x);
}

/* Goes on with the report, or ends it, after something has come of a request. */
static void advance(struct pel_metrics_exporter *x)
{
    if (x->state == PEL_REPORT_SENDING && x->at < x->report.n) {
        send_request(x);
        return;
    }
    if (x->state == PEL_REPORT_SENDING)
        finish_report(x);
    if (!x->is_stopping || x->state != PEL_REPORT_NONE)
        return;
    if (x->is_last) {
        uv_timer_start(&x->interval, on_stop_timer, 0, 0);
        return;
    }
    x->is_last = true;
    take_report(x);
    send_request(x);
}

static void on_done(struct pel_post *post)
{
    struct pel_metrics_exporter *x = PEL_CONTAINER_OF(post, struct pel_metrics_exporter, post);
    uint64_t first_ns = x->first_ns;
    struct pel_outcome o;

    pel_outcome_read(&o, post, x->health.items);
    if (o.verdict == PEL_VERDICT_DONE) {
        succeed(x, &o);
    } else {
        count(x, PEL_EXPORT_REQUESTS_FAILED, 1);
        if (o.verdict == PEL_VERDICT_RETRY)
            retry_later(x);
        else if (o.verdict == PEL_VERDICT_SPLIT)
            split(x);
        else
            drop_request(x);
        pel_health_failed(&x->health, o.why);
    }
    if (x->state != PEL_REPORT_WAITING)
        pel_operation_add(x->view->shm->header, PEL_OPERATION_POINTS, post->status,
                          pel_now_ns() - first_ns);
    advance(x);
}

/* --- when --- */

/* The new report waits in its place, for what is left of the pause. */
static void replace_waiting(struct pel_metrics_exporter *x)
{
    unsigned n_tries = x->n_tries;

    while (x->at < x->report.n)
        drop_request(x);
    pel_report_fini(&x->report);
    take_report(x);
    x->n_tries = n_tries;
}

static void on_interval(uv_timer_t *timer)
{
    struct pel_metrics_exporter *x = timer->data;

    if (x->state == PEL_REPORT_WAITING)
        replace_waiting(x);
    if (x->state != PEL_REPORT_NONE || pel_now_ns() < x->not_before_ns)
        return;
    take_report(x);
    send_request(x);
}

int pel_metrics_exporter_open(struct pel_metrics_exporter *x, uv_loop_t *loop,
                              const struct pel_view *view, struct pel_err *err)
{
    uint64_t interval_ms = (uint64_t)view->conf->otlp_metrics_interval_ms;

    *x = (struct pel_metrics_exporter){
        .view = view, .loop = loop, .max_bytes = PEL_REPORT_BYTES, .post.done = on_done};
    if (!pel_conf_exports(view->conf, PEL_SIGNAL_METRICS))
        return 0;
    if (pel_transport_open(&x->transport, loop, view->conf, PEL_SIGNAL_METRICS, err) < 0)
        return -1;
    x->health = (struct pel_health){.receiver = x->transport.name, .items = "data points"};
    uv_timer_init(loop, &x->interval);
    uv_timer_init(loop, &x->retry);
    x->interval.data = x->retry.data = x;
    uv_timer_start(&x->interval, on_interval, interval_ms, interval_ms);
    x->is_enabled = true;
    return 0;
}

void pel_metrics_exporter_stop(struct pel_metrics_exporter *x, unsigned wait_ms,
                               void (*on_stopped)(struct pel_metrics_exporter *x))
{
    x->on_stopped = on_stopped;
    if (!x->is_enabled) {
        on_stopped(x);
        return;
    }
    x->is_stopping = true;
    x->stop_ns = pel_now_ns() + wait_ms * PEL_NS_PER_MS;
    uv_update_time(x->loop);
    uv_timer_start(&x->interval, on_stop_timer, wait_ms, 0);
    if (x->state == PEL_REPORT_WAITING)
        drop_report(x);
    if (x->state == PEL_REPORT_NONE)
        advance(x);
}

void pel_metrics_exporter_close(struct pel_metrics_exporter *x)
{
    if (!x->is_enabled)
        return;
    x->is_enabled = false;
    pel_report_fini(&x->report);
    pel_buf_fini(&x->body);
    pel_transport_close(&x->transport);
    uv_close((uv_handle_t *)&x->interval, NULL);
    uv_close((uv_handle_t *)&x->retry, NULL);
}

size_t pel_metrics_exporter_inflight(const struct pel_metrics_exporter *x)
{
    size_t n = 0;

    if (x->state == PEL_REPORT_NONE)
        return 0;
    for (size_t i = x->at; i < x->report.n; i++)
        n += x->report.requests[i].n;
    return n;
}
