#include <errno.h>
#include <sys/socket.h>

#include "conn.h"
#include "control.h"
#include "h1.h"
#include "pellucid/log.h"
#include "pellucid/time.h"

/* A loop gateway that waited goes on when less than this is unsent. */
#define LOW_WATER 16384

void pel_conn_tell_gone(struct pel_conn *c)
{
    struct pel_h1 *h1 = c->h1;

    if (c->loop->is_threaded || !h1 || !h1->is_started || h1->is_done ||
        (c->is_gone ? h1->is_gone_told : h1->is_eof_told))
        return;
    h1->is_eof_told = true;
    h1->is_gone_told = c->is_gone;
    c->loop->gateway->on_gone(&h1->rq, !c->is_gone);
}

void pel_conn_broken(struct pel_conn *c)
{
    pel_conn_close(c);
    pel_conn_tell_gone(c);
}

void pel_conn_next(struct pel_conn *c)
{
    pel_conn_drop_h1(c);
    pel_conn_enter(c, PEL_CONN_IDLE);
    c->since_ns = pel_loop_now(c->loop);
    pel_conn_arm(c, PEL_TIMEOUT_KEEPALIVE);
    pel_conn_watch(c, UV_READABLE);
    if (PEL_UNLIKELY(c->pending.len))
        pel_conn_input_pending(c);
    if (PEL_UNLIKELY(atomic_load_explicit(&c->loop->is_draining, memory_order_relaxed)) &&
        c->state == PEL_CONN_IDLE && c->loop->control)
        pel_drain_idle(&c->loop->control->drain, c);
}

/* Keeps the connection; what is left of the body is skipped first, if it is little. */
static void go_on(struct pel_conn *c)
{
    struct pel_h1 *h1 = c->h1;

    if (h1->is_body_complete) {
        pel_conn_next(c);
        return;
    }
    if (pel_h1_is_body_too_long(h1)) {
        pel_conn_linger(c);
        return;
    }
    pel_conn_enter(c, PEL_CONN_SKIP);
    c->skipped = 0;
    pel_conn_arm(c, PEL_TIMEOUT_BODY);
    pel_conn_watch(c, UV_READABLE);
}

/* The response is out. */
static void answered(struct pel_conn *c)
{
    struct pel_h1 *h1 = c->h1;
    bool is_clean = h1->is_body_complete && c->pending.len == 0;

    pel_h1_record(h1, pel_loop_now(c->loop));
    pel_h1_leave_place(h1);
    if (h1->fate == PEL_FATE_CUT || c->is_gone)
        pel_conn_close(c);
    else if (h1->fate == PEL_FATE_KEEP && h1->rq.res.keep_alive && pel_conn_may_bring(c))
        go_on(c);
    else if (h1->fate == PEL_FATE_KEEP && is_clean)
        pel_conn_close(c);
    else
        pel_conn_linger(c);
}

/* Some of the response is sent, the app still makes more (loop mode). */
static void tell_drained(struct pel_conn *c)
{
    struct pel_h1 *h1 = c->h1;

    if (!h1->is_full || h1->q.len > LOW_WATER)
        return;
    h1->is_full = false;
    c->loop->gateway->on_drain(&h1->rq);
}

void pel_conn_send(struct pel_conn *c)
{
    struct pel_h1 *h1 = c->h1;
    int64_t n = pel_outq_send(&h1->q, c->fd, c->loop);

    if (n < 0) {
        if (errno == ENODATA)
            pel_h1_fall_short(h1);
        pel_conn_broken(c);
        return;
    }
    h1->rq.rec.bytes_out += (uint64_t)n;
    if (!pel_outq_is_empty(&h1->q)) {
        if (n > 0)
            pel_conn_arm(c, PEL_TIMEOUT_WRITE);
        pel_conn_watch(c, h1->is_done ? UV_WRITABLE : c->events | UV_WRITABLE);
        tell_drained(c);
        return;
    }
    if (h1->is_done) {
        answered(c);
        return;
    }
    pel_conn_watch(c, c->events & ~UV_WRITABLE);
    if (h1->is_body_complete)
        pel_conn_disarm(c);
    else
        pel_conn_arm(c, PEL_TIMEOUT_BODY);
    tell_drained(c);
}

void pel_conn_conclude(struct pel_conn *c)
{
    struct pel_loop *loop = c->loop;
    struct pel_h1 *h1 = c->h1;

    if (h1->rq.rec.stamp_ns[PEL_STAMP_LAST_BYTE] > loop->now_ns)
        loop->now_ns = h1->rq.rec.stamp_ns[PEL_STAMP_LAST_BYTE];
    if (PEL_LIKELY(pel_outq_is_empty(&h1->q))) {
        answered(c);
        return;
    }
    pel_loop_tick(loop);
    if (c->is_gone) {
        answered(c);
        return;
    }
    pel_conn_arm(c, PEL_TIMEOUT_WRITE);
    pel_conn_send(c);
}

static void end_app(struct pel_conn *c)
{
    pel_conn_enter(c, PEL_CONN_SEND);
    if (c->h1->is_kept)
        pel_wave_keep(c->h1);
    else
        pel_conn_conclude(c);
}

void pel_conn_settle(struct pel_conn *c)
{
    uint8_t owner = atomic_load_explicit(&c->owner, memory_order_acquire);
    struct pel_loop *loop = c->loop;
    struct pel_h1 *h1 = c->h1;
    bool was_slow;

    /* Nobody else holds the loop, so that nobody changes it meanwhile. */
    atomic_store_explicit(&c->owner, PEL_OWNER_LOOP, memory_order_release);
    if (owner == PEL_OWNER_APP_UNWATCHED)
        c->events = 0;
    if (!h1) {
        pel_conn_watch(c, UV_READABLE);
        return;
    }
    h1->is_with_app = false;
    was_slow = pel_wave_note(h1);
    if (PEL_UNLIKELY(c->state == PEL_CONN_CLOSED)) {
        pel_h1_record(h1, pel_loop_now(loop));
        pel_conn_drop_h1(c);
    } else {
        end_app(c);
    }
    if (PEL_UNLIKELY(was_slow))
        pel_wave_send(loop);
}

/* Back to idle without the loop, which still watches c; false when the loop must look at it. */
static bool rest(struct pel_conn *c)
{
    struct pel_loop *loop = c->loop;
    struct pel_h1 *h1 = c->h1;
    uint64_t now_ns = h1->rq.rec.stamp_ns[PEL_STAMP_LAST_BYTE];
    uint8_t owner = PEL_OWNER_APP;

    if (!h1->is_recorded || !h1->is_body_complete || h1->fate != PEL_FATE_KEEP ||
        !h1->rq.res.keep_alive || c->is_gone || c->pending.len || atomic_load(&loop->is_draining))
        return false;
    pel_h1_leave_place(h1);
    pel_conn_drop_h1(c);
    c->state = PEL_CONN_IDLE;
    atomic_fetch_add_explicit(&loop->slot->vitals.conns_rested, 1, memory_order_relaxed);
    c->since_ns = now_ns;
    pel_wheel_defer(&c->deadline, pel_period_due(&loop->periods[PEL_TIMEOUT_KEEPALIVE], now_ns));
    return atomic_compare_exchange_strong(&c->owner, &owner, PEL_OWNER_LOOP);
}

void pel_conn_give_back(struct pel_conn *c)
{
    struct pel_loop *loop = c->loop;
    struct pel_conn *head;

    if (c->h1->is_kept)
        pel_h1_send_kept(c->h1);
    if (rest(c))
        return;
    head = atomic_load_explicit(&loop->inbox, memory_order_relaxed);
    do
        c->next_in_inbox = head;
    while (!atomic_compare_exchange_weak(&loop->inbox, &head, c));
    pel_loop_wake(loop);
}
