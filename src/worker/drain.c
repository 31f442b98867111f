#include "drain.h"

#include "conn.h"
#include "control.h"
#include "h1.h"
#include "handoff.h"
#include "pellucid/inflight.h"
#include "pellucid/log.h"
#include "port.h"

#define STEP_MS 20
/* How long idle connections are kept that nobody takes over. */
#define IDLE_NS (500 * PEL_NS_PER_MS)

typedef void visit_fn(struct pel_drain *d, struct pel_conn *c);

static void each_conn(struct pel_drain *d, visit_fn *visit)
{
    struct pel_list *node, *next;

    for (node = d->loop->conns.next; node != &d->loop->conns; node = next) {
        next = node->next;
        visit(d, PEL_CONTAINER_OF(node, struct pel_conn, link));
    }
}

static bool is_idle(const struct pel_conn *c)
{
    return atomic_load_explicit(&c->owner, memory_order_acquire) == PEL_OWNER_LOOP &&
           c->state == PEL_CONN_IDLE && !c->has_arrived && pel_list_is_empty(&c->late);
}

static void release(struct pel_drain *d, struct pel_conn *c)
{
    bool is_late = pel_loop_now(d->loop) >= d->start_ns + IDLE_NS;

    if (is_idle(c))
        pel_drain_idle(d, c);
    else if (is_late && c->state == PEL_CONN_LINGER)
        pel_conn_close(c);
}

void pel_drain_idle(struct pel_drain *d, struct pel_conn *c)
{
    if (d->hands_over) {
        pel_handoff_give(c);
        return;
    }
    if (pel_loop_now(d->loop) >= d->start_ns + IDLE_NS)
        pel_conn_close(c);
}

static void log_running(struct pel_drain *d, struct pel_conn *c)
{
    const struct pel_h1 *h1 = c->h1;
    const struct pel_record *rec;

    if (is_idle(c) || !h1 || !h1->is_begun || atomic_load(&h1->is_recorded))
        return;
    rec = &h1->rq.rec;
    pel_log(PEL_LOG_REQUEST_OVERDUE, "still running after graceful_timeout: %.*s %.*s, for %.1f s",
            (int)rec->method.len, rec->method.p, (int)rec->path.len, rec->path.p,
            (double)(pel_loop_now(d->loop) - rec->stamp_ns[PEL_STAMP_FIRST_BYTE]) / 1e9);
    if (!d->loop->is_threaded)
        c->h1->rq.rec.error = PEL_ERROR_STOPPED;
}

static void end(struct pel_drain *d)
{
    if (d->loop->is_stopped)
        return;
    each_conn(d, log_running);
    uv_timer_stop(&d->timer);
    pel_loop_stop(d->loop);
}

void pel_drain_give_up(struct pel_drain *d)
{
    d->end_ns = pel_loop_now(d->loop);
    end(d);
}

static void on_step(uv_timer_t *timer)
{
    struct pel_drain *d = PEL_CONTAINER_OF(timer, struct pel_drain, timer);

    each_conn(d, release);
    if (d->loop->n_conns == 0 || pel_loop_now(d->loop) >= d->end_ns)
        end(d);
}

void pel_drain_start(struct pel_drain *d, const char *reason, bool hands_over)
{
    struct pel_loop *loop = d->loop;

    if (d->start_ns)
        return;
    pel_log(PEL_LOG_WORKER_DRAINING, "draining (%s): %zu connections, %llu requests in flight",
            reason, loop->n_conns, (unsigned long long)pel_active_sum(loop->slot));
    d->start_ns = pel_loop_now(loop);
    d->end_ns = d->start_ns + (uint64_t)loop->conf->server_graceful_timeout_ms * PEL_NS_PER_MS;
    d->hands_over = hands_over && loop->env->control_fd >= 0;
    atomic_store(&loop->is_draining, true);
    atomic_store(&loop->closes_connections, !d->hands_over);
    if (!d->hands_over)
        pel_ports_clear(loop);
    pel_ports_close(loop);
    uv_timer_start(&d->timer, on_step, 0, STEP_MS);
}

void pel_drain_init(struct pel_drain *d, struct pel_loop *loop)
{
    *d = (struct pel_drain){.loop = loop};
    uv_timer_init(&loop->uv, &d->timer);
}

void pel_drain_fini(struct pel_drain *d)
{
    uv_close((uv_handle_t *)&d->timer, NULL);
}
