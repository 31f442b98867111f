#include <errno.h>

#include "h1_ops.h"
#include "pellucid/log.h"
#include "pellucid/py.h"

/* User pieces sent together; head, chunk size and what ends the chunk come on top. */
#define GROUP_N 56
#define BATCH_N (GROUP_N + 4)

/* A body that is copied behind its head, in bytes; and what may be kept of both. */
#define SMALL_LEN 1024
#define KEEP_LEN 4096

struct batch {
    struct pel_piece pieces[BATCH_N];
    size_t n;
};

static void add(struct batch *b, struct pel_str bytes, void *owner)
{
    PEL_ASSERT(b->n < BATCH_N);
    if (bytes.len > 0)
        b->pieces[b->n++] = (struct pel_piece){bytes, owner};
}

static void log_length(const struct pel_h1 *h1, const char *what)
{
    const struct pel_record *rec = &h1->rq.rec;

    pel_log(PEL_LOG_APP_BODY_LENGTH,
            "%.*s %.*s: the app sent %s than its Content-Length of %lld bytes",
            (int)rec->method.len, rec->method.p, (int)rec->path.len, rec->path.p, what,
            (long long)h1->rq.res.content_length);
}

/* Accounts for len bytes of payload; the number of them that may be sent. */
static uint64_t admit(struct pel_h1 *h1, uint64_t len)
{
    uint64_t room;

    if (h1->rq.res.framing == PEL_FRAMING_NONE)
        return 0;
    if (h1->rq.res.framing == PEL_FRAMING_LENGTH) {
        room = (uint64_t)h1->rq.res.content_length - h1->rq.rec.body_out;
        if (len > room) {
            if (h1->rq.rec.error == PEL_ERROR_NONE) {
                h1->rq.rec.error = PEL_ERROR_BODY_TOO_LONG;
                log_length(h1, "more");
            }
            len = room;
        }
    }
    h1->rq.rec.body_out += len;
    return len;
}

/* Do the bytes admitted so far end the message, if the app says that it is done? */
static bool ends(const struct pel_h1 *h1, bool is_last)
{
    switch (h1->rq.res.framing) {
    case PEL_FRAMING_LENGTH:
        return h1->rq.rec.body_out == (uint64_t)h1->rq.res.content_length;
    case PEL_FRAMING_NONE:
    case PEL_FRAMING_CHUNKED:
    case PEL_FRAMING_CLOSE:
        return is_last;
    }
    PEL_UNREACHABLE("framing");
}

static int send_batch(struct pel_h1 *h1, struct batch *b, bool is_last)
{
    int rc;

    h1->is_end_sent = ends(h1, is_last);
    if (b->n == 0)
        return PEL_WRITE_DONE;
    h1->is_on_wire = true;
    rc = pel_h1_send(h1, b->pieces, b->n, h1->is_end_sent);
    pel_buf_clear(&h1->out);
    return rc;
}

/* Is the answer whole, and whole in out? */
static bool may_be_kept(const struct pel_h1 *h1, const struct batch *b)
{
    return h1->may_be_kept && !h1->rq.runs_on && b->n == 1 && b->pieces->bytes.p == h1->out.p &&
           h1->out.len <= KEEP_LEN && ends(h1, true) && pel_outq_is_empty(&h1->q) &&
           !h1->conn->is_gone;
}

static int keep(struct pel_h1 *h1)
{
    h1->is_end_sent = h1->is_on_wire = h1->is_kept = true;
    return PEL_WRITE_DONE;
}

static struct pel_str out_of(const struct pel_h1 *h1)
{
    return pel_str(h1->out.p, h1->out.len);
}

/* Behind the head, so that both leave with the simplest of system calls. */
static void copy_pieces(struct pel_h1 *h1, const struct pel_piece *pieces, size_t n, uint64_t len)
{
    for (size_t i = 0; i < n && len > 0; i++) {
        struct pel_str s = pieces[i].bytes;

        s.len = s.len < len ? s.len : (size_t)len;
        len -= s.len;
        pel_buf_add_str(&h1->out, s);
    }
}

static int send_group(struct pel_h1 *h1, const struct pel_piece *pieces, size_t n, bool is_last)
{
    bool is_chunked = h1->rq.res.framing == PEL_FRAMING_CHUNKED;
    char size[PEL_CHUNK_HEAD_MAX];
    struct batch b;
    uint64_t len = 0, left;

    for (size_t i = 0; i < n; i++)
        len += pieces[i].bytes.len;
    left = len = admit(h1, len);
    if (PEL_LIKELY(len <= SMALL_LEN && h1->out.len > 0 && !is_chunked)) {
        copy_pieces(h1, pieces, n, len);
        left = 0;
    }
    b.n = 0;
    add(&b, out_of(h1), NULL);
    if (is_chunked && len > 0)
        add(&b, pel_str(size, pel_chunk_head(size, len)), NULL);
    for (size_t i = 0; i < n && left > 0; i++) {
        struct pel_str s = pieces[i].bytes;

        s.len = s.len < left ? s.len : (size_t)left;
        left -= s.len;
        add(&b, s, pieces[i].owner);
    }
    if (is_chunked && len > 0)
        add(&b, PEL_STR("\r\n"), NULL);
    if (is_chunked && is_last)
        add(&b, PEL_STR("0\r\n\r\n"), NULL);
    return is_last && may_be_kept(h1, &b) ? keep(h1) : send_batch(h1, &b, is_last);
}

int pel_h1_send_body(struct pel_request *rq, const struct pel_piece *pieces, size_t n, bool is_last)
{
    struct pel_h1 *h1 = pel_h1_of(rq);
    int rc = PEL_WRITE_DONE;

    PEL_ASSERT(rq->has_head);
    do {
        size_t part = n < GROUP_N ? n : GROUP_N;

        rc = send_group(h1, pieces, part, is_last && part == n);
        pieces += part;
        n -= part;
    } while (n > 0 && rc != PEL_WRITE_GONE);
    return rc;
}

int pel_h1_flush(struct pel_request *rq)
{
    struct pel_h1 *h1 = pel_h1_of(rq);
    struct batch b;

    b.n = 0;
    add(&b, out_of(h1), NULL);
    return send_batch(h1, &b, h1->is_end_sent);
}

static void add_chunk_end(struct pel_h1 *h1, const struct pel_field *trailers, size_t n)
{
    struct pel_err err;

    if (pel_chunk_end(&h1->out, trailers, n, &err) == 0)
        return;
    pel_gateway_app_misbehaved(&h1->rq, err.text);
    PEL_ASSERT(pel_chunk_end(&h1->out, NULL, 0, &err) == 0);
}

void pel_h1_end(struct pel_h1 *h1, const struct pel_field *trailers, size_t n)
{
    struct batch b;

    if (h1->is_end_sent)
        return;
    if (h1->rq.res.framing == PEL_FRAMING_CHUNKED)
        add_chunk_end(h1, trailers, n);
    b.n = 0;
    add(&b, out_of(h1), NULL);
    send_batch(h1, &b, true);
    if (!h1->is_end_sent)
        pel_h1_fall_short(h1);
}

void pel_h1_fall_short(struct pel_h1 *h1)
{
    h1->fate = PEL_FATE_CUT;
    if (h1->rq.rec.error != PEL_ERROR_NONE)
        return;
    h1->rq.rec.error = PEL_ERROR_BODY_TOO_SHORT;
    log_length(h1, "less");
}

/* Threaded: sends what is queued, a file and what goes around it. */
static int send_queued(struct pel_h1 *h1, bool is_last)
{
    struct pel_conn *c = h1->conn;

    for (;;) {
        PyThreadState *state = PyEval_SaveThread();
        int64_t n = pel_outq_send(&h1->q, c->fd, c->loop);

        PyEval_RestoreThread(state);
        if (n < 0)
            return -1;
        h1->rq.rec.bytes_out += (uint64_t)n;
        if (pel_outq_is_empty(&h1->q) || is_last)
            return 0;
        if (!pel_h1_wait(c, POLLOUT, c->loop->conf->http_write_timeout_ms)) {
            errno = ETIMEDOUT;
            return -1;
        }
    }
}

static int queue_failed(struct pel_h1 *h1)
{
    if (errno == ENODATA)
        pel_h1_fall_short(h1);
    else if (h1->rq.rec.error == PEL_ERROR_NONE)
        h1->rq.rec.error = errno == ETIMEDOUT ? PEL_ERROR_WRITE_TIMEOUT : PEL_ERROR_CLIENT_GONE;
    h1->conn->is_gone = true;
    return PEL_WRITE_GONE;
}

static int queue_file(struct pel_h1 *h1, int fd, uint64_t offset, uint64_t len, bool is_last)
{
    bool is_chunked = h1->rq.res.framing == PEL_FRAMING_CHUNKED;
    char size[PEL_CHUNK_HEAD_MAX];

    pel_outq_add(&h1->q, out_of(h1), NULL);
    pel_buf_clear(&h1->out);
    if (is_chunked && len > 0)
        pel_outq_add(&h1->q, pel_str(size, pel_chunk_head(size, len)), NULL);
    if (len > 0 && pel_outq_add_file(&h1->q, fd, offset, len) != 0)
        return -1;
    if (is_chunked && len > 0)
        pel_outq_add(&h1->q, PEL_STR("\r\n"), NULL);
    if (is_chunked && is_last)
        pel_outq_add(&h1->q, PEL_STR("0\r\n\r\n"), NULL);
    return 0;
}

int pel_h1_send_file(struct pel_request *rq, int fd, uint64_t offset, uint64_t len, bool is_last)
{
    struct pel_h1 *h1 = pel_h1_of(rq);
    bool was_empty = pel_outq_is_empty(&h1->q);
    int64_t n;

    PEL_ASSERT(rq->has_head);
    if (h1->conn->is_gone) {
        errno = EPIPE;
        return queue_failed(h1);
    }
    if (queue_file(h1, fd, offset, admit(h1, len), is_last) != 0)
        return queue_failed(h1);
    h1->is_end_sent = ends(h1, is_last);
    h1->is_on_wire = true;
    pel_h1_stamp_sent(h1, false);
    if (h1->conn->loop->is_threaded)
        return send_queued(h1, h1->is_end_sent) == 0 ? PEL_WRITE_DONE : queue_failed(h1);
    n = was_empty ? pel_outq_send(&h1->q, h1->conn->fd, h1->conn->loop) : 0;
    if (n < 0)
        return queue_failed(h1);
    h1->rq.rec.bytes_out += (uint64_t)n;
    return pel_h1_await_drain(h1);
}
