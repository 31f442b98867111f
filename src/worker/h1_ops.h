/*
 * ops - the functions behind struct pel_request_ops, and what they share.
 *
 * Called by the gateway with the GIL held, on the side that owns the request. The two tables
 * (h1_ops.c) differ where one side may wait and the other may not.
 */
#ifndef PELLUCID_WORKER_H1_OPS_H
#define PELLUCID_WORKER_H1_OPS_H

#include <poll.h>

#include "h1.h"

/* Waits on the socket of c without the GIL; false when nothing happened for timeout_ms. */
bool pel_h1_wait(struct pel_conn *c, short events, int64_t timeout_ms);

/*
 * h1_write.c: pieces, none empty, to the socket. They are cut to what is unsent. is_last: the
 * message ends with them. What is queued for the loop is copied or referenced. A result of enum
 * pel_write_result but BAD.
 */
int pel_h1_send(struct pel_h1 *h1, struct pel_piece *pieces, size_t n, bool is_last);
/* Stamps the first byte of a response, once its head is there, and the last one. */
void pel_h1_stamp_sent(struct pel_h1 *h1, bool is_complete);
int pel_h1_send_copy(struct pel_h1 *h1, struct pel_str bytes);
/* Loop mode: lets the loop send what is queued. FULL when that is much. */
int pel_h1_await_drain(struct pel_h1 *h1);

/* h1_read.c */
int64_t pel_h1_read_loop(struct pel_request *rq, char *buf, size_t max);
int64_t pel_h1_read_threads(struct pel_request *rq, char *buf, size_t max);
size_t pel_h1_readable(const struct pel_request *rq, bool *at_end);

/* h1_body.c */
/* Ends the message if send_body has not; what the app promised and did not send is on the record.
 */
void pel_h1_end(struct pel_h1 *h1, const struct pel_field *trailers, size_t n);
int pel_h1_flush(struct pel_request *rq);
int pel_h1_send_body(struct pel_request *rq, const struct pel_piece *pieces, size_t n,
                     bool is_last);
int pel_h1_send_file(struct pel_request *rq, int fd, uint64_t offset, uint64_t len, bool is_last);

#endif
