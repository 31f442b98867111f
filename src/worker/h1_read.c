#include <errno.h>
#include <sys/socket.h>

#include "h1.h"
#include "h1_ops.h"
#include "pellucid/time.h"

/* Read from the socket at once into h1->body when the app asks for less, or for chunked bodies. */
#define SCRATCH_LEN 16384

static size_t take_buffered(struct pel_h1 *h1, char *buf, size_t max)
{
    size_t left = h1->body.len - h1->body_at;
    size_t n = left < max ? left : max;

    memcpy(buf, h1->body.p + h1->body_at, n);
    h1->body_at += n;
    if (h1->body_at == h1->body.len)
        h1->body_at = h1->body.len = 0;
    return n;
}

static bool wants_continue(const struct pel_h1 *h1)
{
    return h1->rq.head->expects_continue && !h1->is_continue_sent && !h1->rq.has_head &&
           h1->rq.rec.body_in == 0 && !h1->is_body_complete;
}

static int send_continue(struct pel_h1 *h1)
{
    struct pel_buf b;
    int rc;

    h1->is_continue_sent = true;
    pel_buf_init(&b);
    rc = pel_response_interim(&b, 100, NULL, 0, NULL);
    PEL_ASSERT(rc == 0);
    rc = pel_h1_send_copy(h1, pel_str(b.p, b.len));
    pel_buf_fini(&b);
    return rc;
}

size_t pel_h1_readable(const struct pel_request *rq, bool *at_end)
{
    const struct pel_h1 *h1 = pel_h1_of(rq);

    *at_end = h1->is_body_complete;
    return h1->body.len - h1->body_at;
}

int64_t pel_h1_read_loop(struct pel_request *rq, char *buf, size_t max)
{
    struct pel_h1 *h1 = pel_h1_of(rq);
    size_t n;

    if (h1->body_at < h1->body.len && max > 0) {
        n = take_buffered(h1, buf, max);
        pel_conn_want_body(h1->conn);
        return (int64_t)n;
    }
    if (h1->refusal || h1->conn->is_gone)
        return -1;
    if (h1->is_body_complete)
        return 0;
    if (wants_continue(h1) && send_continue(h1) == PEL_WRITE_GONE)
        return -1;
    return -2;
}

static void fail(struct pel_h1 *h1, enum pel_error error, uint16_t status)
{
    if (h1->rq.rec.error == PEL_ERROR_NONE)
        h1->rq.rec.error = error;
    pel_h1_spoil(h1, status);
}

/* Bytes of the socket, waiting for them; -1 when there are none to come. */
static ssize_t receive(struct pel_h1 *h1, char *buf, size_t len)
{
    struct pel_conn *c = h1->conn;

    for (;;) {
        ssize_t n = recv(c->fd, buf, len, 0);

        if (n > 0)
            return n;
        if (n == 0) {
            c->is_eof = true;
            fail(h1, PEL_ERROR_CLIENT_GONE, 400);
            return -1;
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN) {
            c->is_gone = true;
            fail(h1, PEL_ERROR_CLIENT_GONE, 400);
            return -1;
        }
        if (!pel_h1_wait(c, POLLIN, c->loop->conf->http_body_timeout_ms)) {
            fail(h1, PEL_ERROR_BODY_TIMEOUT, 408);
            return -1;
        }
    }
}

/* Gives received bytes to the parser; of a body of known length the piece is what was received. The
 * decoded rest goes to h1->body, what is behind the message to the connection. */
static int digest(struct pel_h1 *h1, const char *p, size_t len)
{
    struct pel_str piece;
    size_t used;

    do {
        if (pel_h1_feed_body(h1, p, len, &used, &piece) != 0)
            return -1;
        p += used;
        len -= used;
        if (piece.len)
            pel_buf_add_str(&h1->body, piece);
    } while (!h1->is_body_complete && (len > 0 || piece.len));
    if (len > 0)
        pel_buf_add(&h1->conn->pending, p, len);
    return 0;
}

/* A large read of a body of known length: no copy between the socket and the app. */
static int64_t read_direct(struct pel_h1 *h1, char *buf, size_t max, uint64_t left)
{
    ssize_t n = receive(h1, buf, max < left ? max : (size_t)left);
    struct pel_str piece;
    size_t used;

    if (n < 0)
        return -1;
    if (pel_h1_feed_body(h1, buf, (size_t)n, &used, &piece) != 0)
        return -1;
    PEL_ASSERT(piece.p == buf && piece.len == (size_t)n);
    if ((uint64_t)n == left && pel_h1_feed_body(h1, buf, 0, &used, &piece) != 0)
        return -1;
    return n;
}

int64_t pel_h1_read_threads(struct pel_request *rq, char *buf, size_t max)
{
    struct pel_h1 *h1 = pel_h1_of(rq);
    int64_t length = rq->head->content_length;
    char scratch[SCRATCH_LEN];

    if (max == 0)
        return 0;
    while (h1->body_at == h1->body.len) {
        uint64_t left = length < 0 ? SCRATCH_LEN : (uint64_t)length - rq->rec.body_in;
        ssize_t n;

        if (h1->refusal || h1->conn->is_gone)
            return -1;
        if (h1->is_body_complete)
            return 0;
        if (wants_continue(h1) && send_continue(h1) == PEL_WRITE_GONE)
            return -1;
        if (length >= 0 && max >= SCRATCH_LEN / 2)
            return read_direct(h1, buf, max, left);
        n = receive(h1, scratch, left < SCRATCH_LEN ? (size_t)left : SCRATCH_LEN);
        if (n < 0 || digest(h1, scratch, (size_t)n) != 0)
            return -1;
    }
    return (int64_t)take_buffered(h1, buf, max);
}
