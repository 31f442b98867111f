#include "h1_ops.h"
#include "pellucid/conf.h"
#include "pellucid/gateway.h"
#include "pellucid/inflight.h"
#include "pellucid/time.h"
#include "timing.h"

/* May the connection go on after this response? A client that waits for 100 Continue and gets a
 * final response instead may or may not send the body: it must not be guessed. An app that answers
 * before it has read a long body will hardly read all of it. */
static bool may_keep_alive(const struct pel_h1 *h1)
{
    const struct pel_loop *loop = h1->conn->loop;
    const struct pel_head *head = h1->rq.head;

    if (head->expects_continue && !h1->is_continue_sent && !h1->is_body_complete)
        return false;
    if (PEL_UNLIKELY(pel_h1_is_body_too_long(h1)))
        return false;
    return head->keep_alive && h1->fate == PEL_FATE_KEEP && pel_conn_may_bring(h1->conn) &&
           loop->conf->http_keepalive_timeout_ms > 0 && !atomic_load(&loop->closes_connections);
}

static int make_head(struct pel_request *rq, uint16_t status, struct pel_str reason,
                     const struct pel_field *fields, size_t n_fields, int64_t body_len,
                     struct pel_err *err)
{
    struct pel_h1 *h1 = pel_h1_of(rq);
    size_t start = h1->out.len;

    PEL_ASSERT(!rq->has_head);
    if (pel_response_head(&rq->res, &h1->out, h1->conn->loop->conf, rq->head, status, reason,
                          fields, n_fields, body_len, may_keep_alive(h1), err) != 0)
        return PEL_WRITE_BAD;
    h1->heads_len += h1->out.len - start;
    rq->has_head = true;
    rq->rec.status = status;
    return PEL_WRITE_DONE;
}

static int send_head(struct pel_request *rq, uint16_t status, struct pel_str reason,
                     const struct pel_field *fields, size_t n_fields, int64_t body_len,
                     struct pel_err *err)
{
    struct pel_h1 *h1 = pel_h1_of(rq);
    int rc = make_head(rq, status, reason, fields, n_fields, body_len, err);
    size_t len = h1->out.len;

    if (PEL_UNLIKELY(h1->conn->loop->conf->http_server_timing) && rc == PEL_WRITE_DONE) {
        pel_timing_add(h1);
        h1->heads_len += h1->out.len - len;
    }
    return rc;
}

static int send_interim(struct pel_request *rq, uint16_t status, const struct pel_field *fields,
                        size_t n_fields, struct pel_err *err)
{
    struct pel_h1 *h1 = pel_h1_of(rq);
    struct pel_buf b;
    int rc = PEL_WRITE_BAD;

    if (rq->has_head || rq->head->version_minor == 0)
        return PEL_WRITE_DONE;
    pel_buf_init(&b);
    if (pel_response_interim(&b, status, fields, n_fields, err) == 0)
        rc = pel_h1_send_copy(h1, pel_str(b.p, b.len));
    pel_buf_fini(&b);
    return rc;
}

/* The gateway lets go. Threaded: the scheduler settles the connection when respond has returned. */
static void done(struct pel_h1 *h1)
{
    h1->is_done = true;
    if (!h1->is_kept && pel_outq_is_empty(&h1->q))
        pel_h1_record(h1, h1->rq.rec.stamp_ns[PEL_STAMP_LAST_BYTE]
                              ? h1->rq.rec.stamp_ns[PEL_STAMP_LAST_BYTE]
                              : pel_now_ns());
    else
        pel_inflight_show_phase(&h1->rq.rec, PEL_REQUEST_PHASE_WRITE);
    if (!h1->conn->loop->is_threaded)
        pel_conn_settle(h1->conn);
}

static void finish(struct pel_request *rq, const struct pel_field *trailers, size_t n_trailers)
{
    struct pel_h1 *h1 = pel_h1_of(rq);

    PEL_ASSERT(rq->has_head && !h1->is_done);
    pel_h1_end(h1, trailers, n_trailers);
    done(h1);
}

/* 500 in place of the app's response. The framing is sound, so that the connection goes on. */
static void answer_for_app(struct pel_h1 *h1)
{
    const struct pel_field type = {PEL_STR("Content-Type"), PEL_STR("text/plain")};
    struct pel_str text = PEL_STR("Internal Server Error\n");
    struct pel_err err;
    int rc;

    pel_h1_drop_head(h1);
    h1->rq.has_head = false;
    rc = make_head(&h1->rq, 500, PEL_STR_NONE, &type, 1, (int64_t)text.len, &err);
    PEL_ASSERT(rc == PEL_WRITE_DONE);
    if (!h1->rq.head->is_head) {
        pel_buf_add_str(&h1->out, text);
        h1->rq.rec.body_out = text.len;
    }
    pel_outq_add(&h1->q, pel_str(h1->out.p, h1->out.len), NULL);
    pel_buf_clear(&h1->out);
    h1->is_end_sent = true;
}

static void abort_request(struct pel_request *rq)
{
    struct pel_h1 *h1 = pel_h1_of(rq);

    PEL_ASSERT(!h1->is_done);
    if (h1->is_on_wire || h1->conn->is_gone)
        h1->fate = PEL_FATE_CUT;
    else if (h1->refusal)
        pel_h1_answer(h1, h1->refusal);
    else if (rq->rec.error == PEL_ERROR_CLIENT_GONE)
        h1->fate = PEL_FATE_CUT; /* an app that was ended for it has not failed */
    else
        answer_for_app(h1);
    done(h1);
}

static bool is_writable(const struct pel_request *rq)
{
    const struct pel_h1 *h1 = pel_h1_of(rq);

    return !h1->conn->is_gone && pel_outq_is_empty(&h1->q);
}

const struct pel_request_ops pel_h1_ops_threads = {
    .read = pel_h1_read_threads,
    .readable = pel_h1_readable,
    .send_head = send_head,
    .flush = pel_h1_flush,
    .send_body = pel_h1_send_body,
    .send_file = pel_h1_send_file,
    .send_interim = send_interim,
    .finish = finish,
    .abort = abort_request,
};

const struct pel_request_ops pel_h1_ops_loop = {
    .read = pel_h1_read_loop,
    .readable = pel_h1_readable,
    .send_head = send_head,
    .flush = pel_h1_flush,
    .send_body = pel_h1_send_body,
    .send_file = pel_h1_send_file,
    .send_interim = send_interim,
    .finish = finish,
    .abort = abort_request,
    .is_writable = is_writable,
};
