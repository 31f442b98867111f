/*
 * request - one exchange between a client and the app: what a gateway sees of the transport.
 *
 * The transport (src/worker for HTTP/1.1; HTTP/2 streams later) owns the object and its memory; a
 * gateway holds it from pel_gateway.respond until it calls ops->finish or ops->abort, after which
 * it may not touch it again. Between the two the request belongs to one side at a time:
 *  - threaded gateways (WSGI): the application thread that runs it. Calls marked "blocks" release
 * the GIL themselves and wait in poll(2), at most body_timeout or write_timeout.
 *  - loop gateways (ASGI): the loop thread; nothing blocks, events arrive through the gateway.
 * All ops are called with the GIL held, and are written through request->ops so that a gateway
 * needs to know nothing of sockets.
 */
#ifndef PELLUCID_REQUEST_H
#define PELLUCID_REQUEST_H

#include "pellucid/arena.h"
#include "pellucid/http.h"
#include "pellucid/list.h"
#include "pellucid/record.h"

struct pel_request;

/* One piece of a response body. The bytes are either copied before the call returns, or `owner` (a
 * PyObject *, may be NULL) is kept referenced until they are sent. */
struct pel_piece {
    struct pel_str bytes;
    void *owner;
};

/* Bits of the result of the ops that write. */
enum pel_write_result {
    PEL_WRITE_DONE = 0,  /* taken; go on */
    PEL_WRITE_FULL,      /* taken, but the client is slow: loop gateways wait for on_drain */
    PEL_WRITE_GONE = -1, /* the client is gone (or too slow): stop the app */
    PEL_WRITE_BAD = -2,  /* the app's head or body is unusable; err says why; nothing was written */
};

struct pel_request_ops {
    /*
     * Gives body bytes of the request: up to max bytes into buf. Returns the count, 0 at the end of
     * the body, -1 when the client is gone, sent garbage or timed out (rec.error says which), -2
     * when nothing is there yet (loop gateways only: on_body will follow). Threaded: blocks. Sends
     * 100 Continue first when the client waits for it and no response has begun.
     */
    int64_t (*read)(struct pel_request *rq, char *buf, size_t max);

    /* Bytes that read() would give at once; true in *at_end when the body is complete behind them.
     */
    size_t (*readable)(const struct pel_request *rq, bool *at_end);

    /*
     * Begins the response. body_len as in pel_response_head. Nothing need go to the wire yet: head
     * and first piece leave in one write. DONE or BAD.
     */
    int (*send_head)(struct pel_request *rq, uint16_t status, struct pel_str reason,
                     const struct pel_field *fields, size_t n_fields, int64_t body_len,
                     struct pel_err *err);

    /* Sends what send_head has held back, now (WSGI: start of a slow stream; ASGI: event streams).
     */
    int (*flush)(struct pel_request *rq);

    /* Sends body bytes, framed as the head decided; silently dropped where no body may be sent.
     * What exceeds Content-Length is cut (rec.error says so). is_last lets it leave together with
     * the end of the message. Threaded: blocks while more than a bounded amount is unsent, except
     * for the last piece, which the loop goes on sending. */
    int (*send_body)(struct pel_request *rq, const struct pel_piece *pieces, size_t n,
                     bool is_last);

    /* Sends len bytes of an open file from offset (sendfile where it can); same rules. The
     * descriptor stays the caller's and is not needed after the return (it is duplicated where
     * necessary). */
    int (*send_file)(struct pel_request *rq, int fd, uint64_t offset, uint64_t len, bool is_last);

    /* An interim response (103). BAD when a field is unusable; ignored for HTTP/1.0. */
    int (*send_interim)(struct pel_request *rq, uint16_t status, const struct pel_field *fields,
                        size_t n_fields, struct pel_err *err);

    /* The response is complete (trailers: chunked only, else dropped). A body shorter than promised
     * closes the connection and is logged. The request is no longer the gateway's. */
    void (*finish)(struct pel_request *rq, const struct pel_field *trailers, size_t n_trailers);

    /* The app failed. Before a head was sent: a 500 goes out; afterwards the connection is cut.
     * rec.error and rec.exc_* are the gateway's to fill first. No longer the gateway's. */
    void (*abort)(struct pel_request *rq);

    /* True when the response body can be sent right now without waiting. Loop gateways only. */
    bool (*is_writable)(const struct pel_request *rq);
};

struct pel_request {
    const struct pel_request_ops *ops;
    struct pel_arena arena; /* freed with the request */
    const struct pel_head *head;
    struct pel_record rec;
    struct pel_response res; /* valid once has_head */
    bool has_head;           /* send_head succeeded */
    bool is_unix;
    bool runs_on;          /* the app goes on after its last piece, which is not to wait for that */
    struct pel_str prefix; /* of X-Forwarded-Prefix, "" without */
    struct pel_str server_name; /* the address the connection came in on; path of a unix socket */
    uint16_t server_port;       /* 0 for unix sockets */
    void *app;                  /* the gateway's own object for this request (loop gateways) */
    void *handle; /* owned: the object of the Python API, once the app has asked (gateway/api.h) */
    struct pel_list ready; /* link in the queue of whoever schedules the request */
};

#endif
