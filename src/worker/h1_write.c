#include <errno.h>
#include <sys/socket.h>

#include "h1_ops.h"
#include "pellucid/inflight.h"
#include "pellucid/py.h"
#include "pellucid/time.h"
#include "pysignal.h"

#define IOV_N 64
/* Most bytes copied of what a thread leaves to the loop at the end of a response. */
#define COPY_MAX 262144
/* A loop gateway is told to wait when more than this is unsent. */
#define HIGH_WATER 65536

bool pel_h1_wait(struct pel_conn *c, short events, int64_t timeout_ms)
{
    struct pollfd p = {.fd = c->fd, .events = events};
    struct pel_record *rec = &c->h1->rq.rec;
    bool is_write = events == POLLOUT;
    uint64_t polled_ns, *wait_ns = is_write ? &rec->spent.write_wait_ns : &rec->spent.body_wait_ns;
    uint64_t end_ns = pel_now_ns() + (uint64_t)timeout_ms * PEL_NS_PER_MS;
    bool is_interrupted;
    int n;

    pel_inflight_show_phase(rec, is_write ? PEL_REQUEST_PHASE_WRITE : PEL_REQUEST_PHASE_BODY);
    do {
        PyThreadState *state = PyEval_SaveThread();
        uint64_t now_ns = pel_now_ns();
        uint64_t left_ms = now_ns < end_ns ? (end_ns - now_ns) / PEL_NS_PER_MS + 1 : 0;

        n = poll(&p, 1, left_ms < INT32_MAX ? (int)left_ms : INT32_MAX);
        is_interrupted = n < 0 && errno == EINTR;
        polled_ns = pel_now_ns();
        PyEval_RestoreThread(state);
        *wait_ns += polled_ns - now_ns; /* which other threads of the app may read */
        if (is_interrupted)
            pel_pysignal_run();
    } while (is_interrupted);
    pel_inflight_show_phase(rec, PEL_REQUEST_PHASE_APP);
    return n > 0;
}

/* What is still to be sent: the first piece is cut to its rest. */
struct rest {
    struct pel_piece *pieces;
    size_t n;
};

static void consume(struct rest *r, size_t n)
{
    while (n > 0) {
        struct pel_str *s = &r->pieces->bytes;
        size_t part = n < s->len ? n : s->len;

        s->p += part;
        s->len -= part;
        n -= part;
        if (s->len == 0) {
            r->pieces++;
            r->n--;
        }
    }
}

static ssize_t send_many(int fd, const struct rest *r)
{
    struct iovec iov[IOV_N];
    struct msghdr msg = {.msg_iov = iov};

    for (; msg.msg_iovlen < r->n && msg.msg_iovlen < IOV_N; msg.msg_iovlen++) {
        struct pel_str s = r->pieces[msg.msg_iovlen].bytes;

        iov[msg.msg_iovlen] = (struct iovec){(char *)(uintptr_t)s.p, s.len};
    }
    return sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* One system call. False when the connection is broken. */
static bool send_some(struct pel_h1 *h1, struct rest *r)
{
    int fd = h1->conn->fd;
    ssize_t n;

    do
        n = PEL_LIKELY(r->n == 1)
                ? send(fd, r->pieces->bytes.p, r->pieces->bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL)
                : send_many(fd, r);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN;
    h1->rq.rec.bytes_out += (uint64_t)n;
    consume(r, (size_t)n);
    return true;
}

static int gone(struct pel_h1 *h1, enum pel_error error)
{
    h1->conn->is_gone = true;
    if (h1->rq.rec.error == PEL_ERROR_NONE)
        h1->rq.rec.error = error;
    return PEL_WRITE_GONE;
}

/* May the loop go on with the rest, so that the thread is free? */
static bool is_leavable(const struct rest *r)
{
    size_t copied = 0;

    for (size_t i = 0; i < r->n; i++)
        if (!r->pieces[i].owner)
            copied += r->pieces[i].bytes.len;
    return copied <= COPY_MAX;
}

/* Threaded: until everything is sent, or the loop may have the rest. */
static int send_waiting(struct pel_h1 *h1, struct rest *r, bool is_last)
{
    struct pel_conn *c = h1->conn;

    while (r->n > 0 && !(is_last && is_leavable(r))) {
        if (!pel_h1_wait(c, POLLOUT, c->loop->conf->http_write_timeout_ms))
            return gone(h1, PEL_ERROR_WRITE_TIMEOUT);
        if (!send_some(h1, r))
            return gone(h1, PEL_ERROR_CLIENT_GONE);
    }
    return PEL_WRITE_DONE;
}

/* Loop mode: what is queued is sent when the socket takes it. */
int pel_h1_await_drain(struct pel_h1 *h1)
{
    struct pel_conn *c = h1->conn;

    if (pel_outq_is_empty(&h1->q))
        return PEL_WRITE_DONE;
    if (!(c->events & UV_WRITABLE)) {
        pel_loop_tick(c->loop);
        pel_conn_arm(c, PEL_TIMEOUT_WRITE);
        pel_conn_watch(c, c->events | UV_WRITABLE);
    }
    if (h1->q.len <= HIGH_WATER)
        return PEL_WRITE_DONE;
    h1->is_full = true;
    return PEL_WRITE_FULL;
}

void pel_h1_stamp_sent(struct pel_h1 *h1, bool is_complete)
{
    struct pel_record *rec = &h1->rq.rec;
    bool is_first = rec->stamp_ns[PEL_STAMP_RESPONSE_START] == 0 && h1->rq.has_head;
    uint64_t now_ns;

    if (!is_first && !is_complete)
        return;
    now_ns = pel_now_ns();
    if (is_first)
        pel_record_stamp(rec, PEL_STAMP_RESPONSE_START, now_ns);
    if (is_complete)
        pel_record_stamp(rec, PEL_STAMP_LAST_BYTE, now_ns);
}

int pel_h1_send(struct pel_h1 *h1, struct pel_piece *pieces, size_t n, bool is_last)
{
    struct rest r = {pieces, n};
    bool is_all;

    if (PEL_UNLIKELY(h1->conn->is_gone))
        return gone(h1, PEL_ERROR_CLIENT_GONE);
    if (PEL_LIKELY(pel_outq_is_empty(&h1->q)) && n > 0 && !send_some(h1, &r))
        return gone(h1, PEL_ERROR_CLIENT_GONE);
    is_all = r.n == 0 && pel_outq_is_empty(&h1->q);
    pel_h1_stamp_sent(h1, is_all && is_last);
    if (PEL_LIKELY(is_all))
        return PEL_WRITE_DONE;
    if (h1->conn->loop->is_threaded && send_waiting(h1, &r, is_last) != PEL_WRITE_DONE)
        return PEL_WRITE_GONE;
    for (size_t i = 0; i < r.n; i++)
        pel_outq_add(&h1->q, r.pieces[i].bytes, r.pieces[i].owner);
    return h1->conn->loop->is_threaded ? PEL_WRITE_DONE : pel_h1_await_drain(h1);
}

int pel_h1_send_copy(struct pel_h1 *h1, struct pel_str bytes)
{
    struct pel_piece piece = {bytes, NULL};

    h1->heads_len += bytes.len;
    return pel_h1_send(h1, &piece, 1, false);
}

void pel_h1_send_kept(struct pel_h1 *h1)
{
    struct pel_piece piece = {pel_str(h1->out.p, h1->out.len), NULL};
    struct rest r = {&piece, 1};

    h1->is_kept = false;
    if (!send_some(h1, &r))
        gone(h1, PEL_ERROR_CLIENT_GONE);
    else if (r.n > 0)
        pel_outq_add(&h1->q, piece.bytes, NULL);
    pel_h1_stamp_sent(h1, r.n == 0 || h1->conn->is_gone);
    pel_buf_clear(&h1->out);
}
