/*
 * h1 - the transport's side of struct pel_request: one message in, one message out.
 *
 * Lives from the first byte of a request to the last of its response (or of the request's body).
 * Owner: the connection it is on, and with it the loop or the application thread.
 */
#ifndef PELLUCID_WORKER_H1_H
#define PELLUCID_WORKER_H1_H

#include "conn.h"
#include "outq.h"
#include "pellucid/request.h"

/* What becomes of the connection after the response. */
enum pel_fate {
    PEL_FATE_KEEP = 0, /* the next request */
    PEL_FATE_LINGER,   /* shut down, wait for the client to read, close */
    PEL_FATE_CUT,      /* close at once: the message is broken */
};

struct pel_h1 {
    struct pel_request rq; /* first */
    struct pel_conn *conn;
    struct pel_http_parser *parser; /* owned; goes with the object when that is reused */
    struct pel_h1 *next_free;

    /* request */
    struct pel_buf body; /* decoded, not yet read by the app from body_at on */
    size_t body_at;
    bool is_body_complete;
    bool is_continue_sent;
    bool counts_as_incomplete; /* in loop->n_incomplete */
    bool is_with_app;          /* the gateway has it, and has not finished it yet */
    bool is_begun;             /* counted, and known to the probes */
    _Atomic bool is_recorded;  /* pel_probes_finish was called; the drain looks at it */
    bool is_started;           /* respond was called */
    bool is_eof_told;          /* on_gone was called: the client sends no more */
    bool is_gone_told;         /* ... and reads no more */
    uint16_t refusal;          /* status to answer with when the body turned out bad; 0 = none */

    /* response */
    struct pel_buf out; /* bytes to go before the next piece: the head, chunk framing */
    struct pel_outq q;  /* what the socket did not take */
    uint64_t heads_len; /* of what goes out that is no body; chunk framing counts as body here */
    bool is_on_wire;    /* some of the response has been sent, or is in q */
    bool is_end_sent;   /* all of it */
    bool may_be_kept;   /* the next field may come true: wave.h */
    bool is_kept;       /* all of it is in out, and to be sent by pel_h1_send_kept */
    bool is_done;       /* finished or aborted by the gateway */
    bool is_full;       /* loop mode: the gateway waits for on_drain */
    enum pel_fate fate;
};

extern const struct pel_request_ops pel_h1_ops_threads, pel_h1_ops_loop;

static inline struct pel_h1 *pel_h1_of(const struct pel_request *rq)
{
    return (struct pel_h1 *)rq;
}

/* A message begins on c. */
struct pel_h1 *pel_h1_new(struct pel_conn *c);
/* Gives it back; the references q still holds go to the loop. */
void pel_h1_free(struct pel_h1 *h1);
/* Frees the objects at rest of this thread. */
void pel_h1_trim(void);

/* More of the body is to come than is skipped once the response is out. After the head. */
static inline bool pel_h1_is_body_too_long(const struct pel_h1 *h1)
{
    int64_t len = h1->rq.head->content_length;

    return !h1->is_body_complete && len >= 0 && (uint64_t)len - h1->rq.rec.body_in > PEL_SKIP_MAX;
}

/* The head is complete: fills request and record and tells the probes. */
void pel_h1_begin(struct pel_h1 *h1);

/* Gives the request to the gateway (GIL held). Threaded: it is done, and the connection to be
 * settled, when this returns. Loop mode: from the outer loop only. */
void pel_h1_start(struct pel_h1 *h1);

/* The record is complete: stamps it and hands it to the probes, once. */
void pel_h1_record(struct pel_h1 *h1, uint64_t now_ns);

/* Clears out: the app's head was held back, and is not to be sent. */
void pel_h1_drop_head(struct pel_h1 *h1);

/* Puts a small response of the server's own into q, in place of what is in out; nothing is on the
 * wire yet. The connection closes after it. */
void pel_h1_answer(struct pel_h1 *h1, uint16_t status);

/* Answers without the app, which has not seen the request, and settles the connection. rec.error
 * may be set already. Loop held. */
void pel_h1_refuse(struct pel_h1 *h1, uint16_t status, const char *reason);

/* The body turned out bad, or did not come: status is for the case that the app has not answered.
 */
void pel_h1_spoil(struct pel_h1 *h1, uint16_t status);

/*
 * Feeds bytes of the body once; *used as in pel_http_parser_feed, *piece what was decoded, a slice
 * of p. Call again while there are bytes left, and after a piece in any case. 0, or -1 when the
 * body is bad (it is spoilt then).
 */
int pel_h1_feed_body(struct pel_h1 *h1, const char *p, size_t len, size_t *used,
                     struct pel_str *piece);

/* Sends an answer that was kept; what the socket does not take is queued. */
void pel_h1_send_kept(struct pel_h1 *h1);

/* The response is shorter than its head promised: logged, on the record, the connection is cut. */
void pel_h1_fall_short(struct pel_h1 *h1);

/* The body is complete, or no longer waited for: another request may wait for its own. */
void pel_h1_leave_place(struct pel_h1 *h1);

#endif
