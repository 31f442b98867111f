/*
 * fake - what the transports in memory share: a configuration, probes that only count, a request's
 * head on its way in and out.
 *
 * Each of the modules has its own copy of the state.
 */
#ifndef PELLUCID_TESTS_GATEWAY_FAKE_H
#define PELLUCID_TESTS_GATEWAY_FAKE_H

#include "pellucid/conf.h"
#include "pellucid/py.h"
#include "pellucid/request.h"

extern struct pel_conf fake_conf;
extern unsigned fake_n_entered, fake_n_left; /* the app */

/* Makes fake_conf of a document; -1 with an exception. */
int fake_load(PyObject *doc);

/* ValueError; returns NULL. */
PyObject *fake_raise(const struct pel_err *err);

/* Parses a head into rq, whose memory is zero, and its record; rq->head is NULL when it is none.
 * The parser is the caller's. */
struct pel_http_parser *fake_parse(struct pel_request *rq, const char *raw, size_t len);

/* A client of this machine: peer, origin, trace context. */
void fake_connect(struct pel_request *rq, bool is_unix);

/* As pel_request_ops.send_head, to out. */
int fake_send_head(struct pel_request *rq, struct pel_buf *out, uint16_t status,
                   struct pel_str reason, const struct pel_field *fields, size_t n_fields,
                   int64_t body_len, struct pel_err *err);

#endif
