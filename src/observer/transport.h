/*
 * transport - POST over HTTP(S): libcurl's multi interface on the observer's loop.
 *
 * One thread, that of the loop. Connections are kept and reused. Nothing ticks while nothing is
 * under way.
 */
#ifndef PELLUCID_OBSERVER_TRANSPORT_H
#define PELLUCID_OBSERVER_TRANSPORT_H

#include <curl/curl.h>
#include <uv.h>

#include "pellucid/buf.h"
#include "pellucid/conf.h"
#include "pellucid/err.h"

struct pel_transport {
    uv_loop_t *loop; /* borrowed */
    uv_timer_t timer;
    CURLM *multi;               /* owned, as is headers */
    struct curl_slist *headers; /* of every request */
    char *url;                  /* owned */
    char name[256];             /* the same for people: without user, password and query */
    long timeout_ms;
    bool compresses;
    /* Borrowed from conf: PEM files, "" = none (the system's authorities). */
    const char *authorities, *certificate, *key;
};

struct pel_post;

/* What the owner of a post is told, once. */
typedef void pel_post_done_fn(struct pel_post *post);

/* One request; embedded in its owner, which keeps it and the body until it is done. */
struct pel_post {
    pel_post_done_fn *done;
    CURL *easy;            /* NULL: not under way */
    struct pel_buf answer; /* its body, cut to PEL_POST_ANSWER_KEPT; valid in done, then freed */
    size_t answer_len;     /* of the whole body; more than PEL_POST_ANSWER_MAX is a failure */
    long status;           /* 0 = there was no answer */
    bool is_retryable;     /* without an answer: may another try help? */
    int64_t retry_after_s; /* of Retry-After; -1 = none */
    char error[CURL_ERROR_SIZE]; /* what went wrong without an answer */
};
#define PEL_POST_ANSWER_KEPT (64U << 10)
#define PEL_POST_ANSWER_MAX (4U << 20)

/* Reads the signal's url, headers, compression, timeout and certificates of conf, which must
 * outlive it. 0, or -1 with err. */
int pel_transport_open(struct pel_transport *t, uv_loop_t *loop, const struct pel_conf *conf,
                       enum pel_signal signal, struct pel_err *err);
/* Nothing may be under way. The loop must run once more for the handles to go. */
void pel_transport_close(struct pel_transport *t);

/* Makes body, which is a buffer already, of what was encoded: compressed if so configured, else the
 * two change places. */
void pel_transport_pack(const struct pel_transport *t, struct pel_buf *body, struct pel_buf *raw);

/* Sends body; done is called later, from the loop, never from here. */
void pel_transport_post(struct pel_transport *t, struct pel_post *post, struct pel_str body);

/* Gives up; done is not called. Harmless when it is not under way. */
void pel_transport_cancel(struct pel_transport *t, struct pel_post *post);

/* When the receiver may be asked again after a request that could be tried again: in 1 s and half
 * as much more each time up to 30 s, give or take a half; later if its Retry-After says so, but in
 * 300 s at most. */
uint64_t pel_retry_time(const struct pel_post *post, unsigned n_tries, uint64_t now_ns);

/* Is that too late for a request that was first sent at first_ns? 300 s are enough. */
bool pel_retry_is_over(uint64_t first_ns, uint64_t retry_ns);

/* "5" or an HTTP-date as seconds from now_wall_s; -1 when it is neither. */
int64_t pel_retry_after_parse(const char *text, size_t len, int64_t now_wall_s);

#endif
