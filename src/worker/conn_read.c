#include <errno.h>
#include <sys/socket.h>

#include "conn.h"
#include "h1.h"
#include "pellucid/inflight.h"
#include "pellucid/time.h"

static size_t buffered(const struct pel_h1 *h1)
{
    return h1->body.len - h1->body_at;
}

static bool is_watching_body(const struct pel_conn *c)
{
    return c->state == PEL_CONN_APP && !c->h1->is_body_complete;
}

/* The request goes to the app's queue. */
static void dispatch(struct pel_conn *c)
{
    struct pel_loop *loop = c->loop;
    struct pel_h1 *h1 = c->h1;

    pel_conn_leave_holding(c);
    if (c->state == PEL_CONN_HOLD)
        pel_inflight_show_phase(&h1->rq.rec, PEL_REQUEST_PHASE_QUEUE);
    pel_conn_enter(c, PEL_CONN_APP);
    h1->is_with_app = true;
    h1->rq.rec.stamp_ns[PEL_STAMP_READY] = loop->now_ns;
    pel_conn_disarm(c);
    if (loop->is_threaded) {
        if (!h1->is_body_complete) {
            h1->counts_as_incomplete = true;
            atomic_fetch_add(&loop->n_incomplete, 1);
        }
        atomic_store_explicit(&c->owner, c->events ? PEL_OWNER_APP : PEL_OWNER_APP_UNWATCHED,
                              memory_order_release);
    } else if (!h1->is_body_complete) {
        pel_conn_arm(c, PEL_TIMEOUT_BODY);
    }
    pel_loop_push_ready(loop, &h1->rq);
}

/* A thread that waits for a client's body serves nobody else: how many may do so at once. */
static bool has_place(const struct pel_loop *loop)
{
    unsigned places = loop->threads > 1 ? loop->threads / 2 : 1;

    return atomic_load(&loop->n_incomplete) < places;
}

/* Is it time to give a request to the app whose body is still coming? */
static bool is_ripe(const struct pel_conn *c)
{
    const struct pel_h1 *h1 = c->h1;

    if (c->loop->threads > 1 || h1->rq.head->expects_continue || c->is_held_long)
        return true;
    return buffered(h1) >= PEL_BODY_MAX;
}

static void hold_or_dispatch(struct pel_conn *c)
{
    struct pel_loop *loop = c->loop;

    if (c->h1->is_body_complete || (is_ripe(c) && has_place(loop))) {
        dispatch(c);
        return;
    }
    if (is_ripe(c) && pel_list_is_empty(&c->holding)) {
        pel_list_push_tail(&loop->holding, &c->holding);
        atomic_fetch_add(&loop->n_holding, 1);
    }
    if (buffered(c->h1) >= PEL_BODY_MAX)
        pel_conn_watch(c, 0);
}

void pel_conn_hold_no_longer(struct pel_conn *c)
{
    c->is_held_long = true;
    hold_or_dispatch(c);
}

void pel_conn_leave_holding(struct pel_conn *c)
{
    if (pel_list_is_empty(&c->holding))
        return;
    pel_list_remove(&c->holding);
    atomic_fetch_sub(&c->loop->n_holding, 1);
}

void pel_conn_release_held(struct pel_loop *loop)
{
    while (!pel_list_is_empty(&loop->holding) && has_place(loop))
        dispatch(PEL_CONTAINER_OF(loop->holding.next, struct pel_conn, holding));
}

static void on_head(struct pel_conn *c)
{
    struct pel_h1 *h1 = c->h1;

    pel_h1_begin(h1);
    if (PEL_UNLIKELY(!pel_origin_is_secure_enough(h1->rq.head, &h1->rq.rec))) {
        pel_h1_refuse(h1, 421, "https over a connection that is not secured");
    } else if (!h1->rq.head->has_body) {
        h1->is_body_complete = true;
        h1->rq.rec.stamp_ns[PEL_STAMP_BODY] = h1->rq.rec.stamp_ns[PEL_STAMP_HEAD];
        dispatch(c);
    } else if (!c->loop->is_threaded) {
        dispatch(c);
    } else {
        pel_conn_enter(c, PEL_CONN_HOLD);
        pel_inflight_show_phase(&h1->rq.rec, PEL_REQUEST_PHASE_BODY);
        c->is_held_long = false;
        pel_conn_arm(c, c->loop->threads > 1 ? PEL_TIMEOUT_BODY : PEL_TIMEOUT_HOLD);
    }
}

/* Header timeouts run from the first byte of a message, those of a new connection from accept. */
static void await_head(struct pel_conn *c)
{
    if (c->state == PEL_CONN_HEAD)
        return;
    pel_conn_enter(c, PEL_CONN_HEAD);
    if (c->n_requests > 1)
        pel_conn_arm(c, PEL_TIMEOUT_HEADER);
}

/* Empty lines between requests (RFC 9112 2.2): nobody has begun one, or will be answered. */
static size_t skip_empty_lines(const char *p, size_t len)
{
    size_t n = 0;

    while (len - n >= 2 && p[n] == '\r' && p[n + 1] == '\n')
        n += 2;
    return n;
}

static size_t take_head(struct pel_conn *c, const char *p, size_t len)
{
    enum pel_http_result r;
    struct pel_h1 *h1;
    const char *reason;
    uint16_t status;
    size_t used;

    if (PEL_UNLIKELY(*p == '\r') && c->state == PEL_CONN_IDLE &&
        (used = skip_empty_lines(p, len)) > 0)
        return used;
    h1 = c->h1 ? c->h1 : pel_h1_new(c);
    r = pel_http_parser_feed(h1->parser, p, len, &used);
    h1->rq.rec.bytes_in += r == PEL_HTTP_ERROR ? len : used;
    switch (r) {
    case PEL_HTTP_MORE:
        await_head(c);
        return used;
    case PEL_HTTP_HEAD:
        on_head(c);
        return used;
    case PEL_HTTP_ERROR:
        status = (uint16_t)pel_http_parser_error(h1->parser, &reason);
        pel_h1_refuse(h1, status, reason);
        return len;
    case PEL_HTTP_BODY:
    case PEL_HTTP_END:
        break;
    }
    PEL_UNREACHABLE("a body before its head");
}

/* A piece of the body for an app that has not read it yet. */
static void keep_body(struct pel_h1 *h1, struct pel_str piece)
{
    int64_t len = h1->rq.head->content_length;

    if (h1->body_at == h1->body.len)
        h1->body_at = h1->body.len = 0;
    if (h1->body.cap == 0 && len > 0)
        pel_buf_reserve(&h1->body, len < PEL_BODY_MAX ? (size_t)len : PEL_BODY_MAX);
    pel_buf_add_str(&h1->body, piece);
}

static size_t take_body(struct pel_conn *c, const char *p, size_t len)
{
    struct pel_h1 *h1 = c->h1;
    struct pel_str piece;
    size_t used, sum = 0;

    do {
        if (pel_h1_feed_body(h1, p + sum, len - sum, &used, &piece) != 0)
            break;
        sum += used;
        if (piece.len)
            keep_body(h1, piece);
    } while (!h1->is_body_complete && (sum < len || piece.len));
    if (h1->refusal && c->state == PEL_CONN_HOLD)
        pel_h1_refuse(h1, h1->refusal, "bad body");
    return h1->refusal ? len : sum;
}

/* After take_body in the state APP, which only loop mode knows. */
static void tell_body(struct pel_conn *c)
{
    struct pel_h1 *h1 = c->h1;

    if (h1->is_body_complete || h1->refusal)
        pel_conn_disarm(c);
    else
        pel_conn_arm(c, PEL_TIMEOUT_BODY);
    if (buffered(h1) >= PEL_BODY_MAX || h1->refusal)
        pel_conn_watch(c, c->events & ~UV_READABLE);
    if (h1->is_started)
        c->loop->gateway->on_body(&h1->rq);
}

/* The answer has been given without the body: what of it is bounded is skipped. */
static size_t take_skipped(struct pel_conn *c, const char *p, size_t len)
{
    struct pel_h1 *h1 = c->h1;
    struct pel_str piece;
    size_t used, sum = 0;

    do {
        if (pel_h1_feed_body(h1, p + sum, len - sum, &used, &piece) != 0) {
            pel_conn_linger(c);
            return len;
        }
        sum += used;
        c->skipped += (uint32_t)used;
    } while (!h1->is_body_complete && (sum < len || piece.len));
    if (h1->is_body_complete)
        pel_conn_next(c);
    else if (c->skipped > PEL_SKIP_MAX)
        pel_conn_linger(c);
    return sum;
}

static size_t take(struct pel_conn *c, const char *p, size_t len)
{
    size_t used;

    switch ((enum pel_conn_state)c->state) {
    case PEL_CONN_IDLE:
    case PEL_CONN_HEAD:
        return take_head(c, p, len);
    case PEL_CONN_HOLD:
        used = take_body(c, p, len);
        if (c->state == PEL_CONN_HOLD) {
            if (c->loop->threads > 1)
                pel_conn_arm(c, PEL_TIMEOUT_BODY);
            hold_or_dispatch(c);
        }
        return used;
    case PEL_CONN_APP:
        if (c->loop->is_threaded || c->h1->is_body_complete || c->h1->refusal)
            return 0;
        used = take_body(c, p, len);
        tell_body(c);
        return used;
    case PEL_CONN_SKIP:
        return take_skipped(c, p, len);
    case PEL_CONN_SEND:
        return 0;
    case PEL_CONN_LINGER:
    case PEL_CONN_CLOSED:
        return len;
    }
    PEL_UNREACHABLE("connection state");
}

/* Takes as much as the state of c allows; the rest belongs to later messages. */
static size_t input(struct pel_conn *c, const char *p, size_t len)
{
    size_t sum = 0, used = 1;

    while (sum < len && used > 0) {
        used = take(c, p + sum, len - sum);
        sum += used;
    }
    if (c->state == PEL_CONN_HOLD)
        hold_or_dispatch(c);
    return sum;
}

void pel_conn_input_pending(struct pel_conn *c)
{
    while (c->pending_at < c->pending.len) {
        size_t used = input(c, c->pending.p + c->pending_at, c->pending.len - c->pending_at);

        c->pending_at += used;
        if (used == 0)
            break;
    }
    if (c->pending_at >= c->pending.len) {
        pel_buf_fini(&c->pending);
        c->pending_at = 0;
    }
}

static void keep_pending(struct pel_conn *c, const char *p, size_t len)
{
    if (c->pending_at) {
        pel_buf_drop(&c->pending, c->pending_at);
        c->pending_at = 0;
    }
    pel_buf_add(&c->pending, p, len);
    if (c->pending.len > PEL_PENDING_MAX)
        pel_conn_watch(c, c->events & ~UV_READABLE);
}

/* The rest of the body will not come: 400, unless the app answers without it (RFC 9112 8). */
static void spoil_short_body(struct pel_h1 *h1)
{
    if (h1->refusal)
        return;
    if (h1->rq.rec.error == PEL_ERROR_NONE)
        h1->rq.rec.error = PEL_ERROR_CLIENT_GONE;
    pel_h1_spoil(h1, 400);
}

/* The client sends no more; it may still read the answer to what it has sent. */
static void on_eof(struct pel_conn *c)
{
    struct pel_h1 *h1 = c->h1;

    c->is_eof = true;
    if (c->state == PEL_CONN_HOLD) {
        spoil_short_body(h1);
        pel_h1_refuse(h1, h1->refusal, "half a body");
    } else if (c->state == PEL_CONN_APP) {
        if (!h1->is_body_complete)
            spoil_short_body(h1);
        pel_conn_watch(c, c->events & ~UV_READABLE);
        pel_conn_tell_gone(c);
    } else {
        pel_conn_broken(c);
    }
}

void pel_conn_take(struct pel_conn *c, const char *p, size_t len)
{
    size_t used = c->pending.len ? 0 : input(c, p, len);

    if (PEL_UNLIKELY(used < len))
        keep_pending(c, p + used, len - used);
    if (c->state == PEL_CONN_LINGER && (c->lingered += (uint32_t)len) > PEL_LINGER_MAX)
        pel_conn_close(c);
}

void pel_conn_read(struct pel_conn *c)
{
    char *p = pel_wave_room(c->loop);
    ssize_t n = recv(c->fd, p, PEL_READ_LEN, 0);

    if (n > 0 && c->state == PEL_CONN_IDLE && c->pending.len == 0) {
        pel_wave_arrive(c, (size_t)n);
    } else if (n > 0) {
        pel_conn_take(c, p, (size_t)n);
    } else if (n == 0) {
        on_eof(c);
    } else if (errno != EAGAIN && errno != EINTR) {
        pel_conn_broken(c);
    }
}

void pel_conn_want_body(struct pel_conn *c)
{
    if (!is_watching_body(c) || c->h1->refusal || c->is_eof || buffered(c->h1) >= PEL_BODY_MAX / 2)
        return;
    if (!(c->events & UV_READABLE)) {
        pel_loop_tick(c->loop);
        pel_conn_watch(c, c->events | UV_READABLE);
        pel_conn_arm(c, PEL_TIMEOUT_BODY);
    }
}
