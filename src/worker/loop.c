#include <stdlib.h>

#include "conn.h"
#include "control.h"
#include "loop.h"
#include "nested.h"
#include "pellucid/mem.h"
#include "pellucid/time.h"
#include "port.h"

#define LINGER_MS 2000
#define HOLD_MS 1000
/* When the probes are asked again to write what they held back. */
#define FLUSH_MS 50

static void on_timer(uv_timer_t *timer)
{
    struct pel_loop *loop = timer->data;

    loop->timer_ns = PEL_WHEEL_NEVER;
    if (loop->kick)
        loop->kick(loop); /* the next turn sets it anew */
}

static void on_flush_timer(uv_timer_t *timer)
{
    pel_loop_flush(timer->data);
}

static void on_async(uv_async_t *async)
{
}

static int init_uv(struct pel_loop *loop, struct pel_err *err)
{
    int rc = uv_loop_init(&loop->uv);

    if (rc != 0)
        return pel_err_set(err, "cannot make an event loop: %s", uv_strerror(rc));
    rc = uv_async_init(&loop->uv, &loop->async, on_async);
    if (rc != 0) {
        uv_loop_close(&loop->uv);
        return pel_err_set(err, "cannot make an event loop: %s", uv_strerror(rc));
    }
    uv_timer_init(&loop->uv, &loop->timer);
    uv_timer_init(&loop->uv, &loop->accept_timer);
    uv_timer_init(&loop->uv, &loop->flush_timer);
    loop->timer.data = loop->flush_timer.data = loop;
    return 0;
}

static void init_periods(struct pel_loop *loop)
{
    const struct pel_conf *conf = loop->conf;

    loop->periods[PEL_TIMEOUT_HEADER] = pel_period_of_ms(conf->http_header_timeout_ms);
    loop->periods[PEL_TIMEOUT_BODY] = pel_period_of_ms(conf->http_body_timeout_ms);
    loop->periods[PEL_TIMEOUT_WRITE] = pel_period_of_ms(conf->http_write_timeout_ms);
    loop->periods[PEL_TIMEOUT_KEEPALIVE] = pel_period_of_ms(conf->http_keepalive_timeout_ms);
    loop->periods[PEL_TIMEOUT_LINGER] = pel_period_of_ms(LINGER_MS);
    loop->periods[PEL_TIMEOUT_HOLD] = pel_period_of_ms(HOLD_MS);
}

int pel_loop_init(struct pel_loop *loop, const struct pel_worker_env *env,
                  const struct pel_gateway *gateway, struct pel_probes *probes, struct pel_err *err)
{
    memset(loop, 0, offsetof(struct pel_loop, wave));
    pel_wave_init(&loop->wave);
    loop->env = env;
    loop->conf = env->conf;
    loop->gateway = gateway;
    loop->probes = probes;
    loop->slot = pel_shm_slot(env->shm, env->slot);
    loop->is_threaded = gateway->mode == PEL_GATEWAY_THREADS;
    loop->threads = loop->is_threaded ? (unsigned)env->conf->server_threads : 1;
    loop->timer_ns = PEL_WHEEL_NEVER;
    loop->now_ns = pel_now_ns();
    pel_wheel_init(&loop->wheel, loop->now_ns);
    pel_list_init(&loop->conns);
    pel_list_init(&loop->ready);
    pel_list_init(&loop->holding);
    init_periods(loop);
    if (init_uv(loop, err) != 0)
        return -1;
    return 0;
}

/* Connections that threads have given back, oldest first. */
static void take_inbox(struct pel_loop *loop)
{
    struct pel_conn *c, *next, *oldest = NULL;

    if (!atomic_load_explicit(&loop->inbox, memory_order_relaxed))
        return;
    c = atomic_exchange_explicit(&loop->inbox, NULL, memory_order_acquire);
    for (; c; c = next) {
        next = c->next_in_inbox;
        c->next_in_inbox = oldest;
        oldest = c;
    }
    for (c = oldest; c; c = next) {
        next = c->next_in_inbox;
        pel_conn_settle(c);
    }
}

void pel_loop_fini(struct pel_loop *loop)
{
    struct pel_list *node, *next;

    take_inbox(loop);
    pel_ports_close(loop);
    for (node = loop->conns.next; node != &loop->conns; node = next) {
        next = node->next;
        pel_conn_close(PEL_CONTAINER_OF(node, struct pel_conn, link));
    }
    uv_close((uv_handle_t *)&loop->timer, NULL);
    uv_close((uv_handle_t *)&loop->accept_timer, NULL);
    uv_close((uv_handle_t *)&loop->flush_timer, NULL);
    uv_close((uv_handle_t *)&loop->async, NULL);
    while (uv_run(&loop->uv, UV_RUN_DEFAULT))
        ; /* one that was stopped returns at once */
    PEL_ASSERT(uv_loop_close(&loop->uv) == 0);
    pel_loop_drop_refs(loop);
    free(loop->refs);
    free(loop->ports);
}

static void expire(struct pel_loop *loop)
{
    struct pel_wheel_entry *e;

    while ((e = pel_wheel_pop(&loop->wheel, pel_loop_now(loop))))
        pel_conn_expire(PEL_CONTAINER_OF(e, struct pel_conn, deadline));
}

static void arm_timer(struct pel_loop *loop)
{
    uint64_t next_ns = pel_wheel_next_ns(&loop->wheel);
    uint64_t now_ns = loop->now_ns;

    if (next_ns >= loop->timer_ns)
        return;
    loop->timer_ns = next_ns;
    uv_timer_start(&loop->timer, on_timer,
                   next_ns > now_ns ? (next_ns - now_ns) / PEL_NS_PER_MS + 1 : 0, 0);
}

/* One uv_run. The clock is read again by the first callback that needs it. */
static void run(struct pel_loop *loop, uv_run_mode mode)
{
    PEL_ASSERT(loop->wave.n_kept == 0);
    loop->is_now_old = true;
    uv_run(&loop->uv, mode);
    pel_loop_now(loop);
    pel_wave_parse(loop);
}

void pel_loop_flush(struct pel_loop *loop)
{
    if (pel_probes_flush(loop->probes) && !uv_is_active((uv_handle_t *)&loop->flush_timer))
        uv_timer_start(&loop->flush_timer, on_flush_timer, FLUSH_MS, 0);
}

/* Sleeps until something happens. The order of the flag and the look into the inbox is that of
 * pel_loop_wake, the other way round. */
static void run_sleeping(struct pel_loop *loop)
{
    bool is_idle;

    pel_loop_flush(loop);
    atomic_store(&loop->is_polling, true);
    atomic_store_explicit(&loop->slot->is_polling, 1, memory_order_relaxed);
    is_idle = !atomic_load(&loop->inbox) && !atomic_load(&loop->is_woken);
    run(loop, is_idle ? UV_RUN_ONCE : UV_RUN_NOWAIT);
    atomic_store_explicit(&loop->slot->is_polling, 0, memory_order_relaxed);
    atomic_store(&loop->is_polling, false);
}

void pel_loop_turn(struct pel_loop *loop, bool may_sleep)
{
    pel_wave_send(loop);
    loop->n_fresh = 0;
    atomic_store(&loop->is_woken, false);
    take_inbox(loop);
    pel_conn_release_held(loop);
    pel_wave_read_late(loop);
    arm_timer(loop);
    if (may_sleep && loop->n_ready == 0 && loop->wave.n_arrivals == 0)
        run_sleeping(loop);
    else
        run(loop, UV_RUN_NOWAIT);
    if (PEL_UNLIKELY(!pel_list_is_empty(&loop->wave.late)) && loop->kick)
        loop->kick(loop);
    expire(loop);
    loop->turned_ns = loop->now_ns;
    if (PEL_UNLIKELY(loop->control && pel_age_is_due(&loop->control->age)))
        pel_age_want(&loop->control->age, "max_requests");
    atomic_store_explicit(&loop->slot->heartbeat_ns, loop->now_ns, memory_order_relaxed);
}

void pel_loop_stop(struct pel_loop *loop)
{
    loop->is_stopped = true;
    uv_stop(&loop->uv); /* a timer's callback may come before the poll, which must not sleep now */
    if (!loop->is_threaded)
        pel_nested_stop();
}

static void show_queue(const struct pel_loop *loop)
{
    pel_loop_show_queue(loop, loop->n_ready);
}

void pel_loop_push_ready(struct pel_loop *loop, struct pel_request *rq)
{
    pel_list_push_tail(&loop->ready, &rq->ready);
    loop->n_ready++;
    loop->n_fresh++;
    show_queue(loop);
    if (loop->kick)
        loop->kick(loop);
}

struct pel_request *pel_loop_pop_ready(struct pel_loop *loop)
{
    struct pel_list *node = pel_list_pop(&loop->ready);

    if (!node)
        return NULL;
    loop->n_ready--;
    show_queue(loop);
    return PEL_CONTAINER_OF(node, struct pel_request, ready);
}

void pel_loop_wake(struct pel_loop *loop)
{
    atomic_store(&loop->is_woken, true);
    if (atomic_load(&loop->is_polling))
        uv_async_send(&loop->async);
}

void pel_loop_drop_ref(struct pel_loop *loop, void *object)
{
    if (loop->n_refs == loop->refs_cap) {
        loop->refs_cap = loop->refs_cap ? loop->refs_cap * 2 : 16;
        loop->refs = pel_mem_resize(loop->refs, loop->refs_cap, sizeof(*loop->refs));
    }
    loop->refs[loop->n_refs++] = object;
}

void pel_loop_drop_refs(struct pel_loop *loop)
{
    /* Dropping may run code of the app, but none that reaches the loop. */
    while (loop->n_refs)
        Py_DECREF((PyObject *)loop->refs[--loop->n_refs]);
}
