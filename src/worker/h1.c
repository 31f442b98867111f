#include <stdlib.h>

#include "h1.h"

#include "control.h"
#include "pellucid/conf.h"
#include "pellucid/log.h"
#include "pellucid/mem.h"
#include "pellucid/redact.h"
#include "pellucid/time.h"

/* Exchanges at rest in a thread, and the buffers they keep. */
#define CACHE_MAX 128
#define KEEP_LEN 4096

static _Thread_local struct {
    struct pel_h1 *head;
    size_t n;
} cache;

static struct pel_h1 *take(struct pel_loop *loop)
{
    struct pel_h1 *h1 = cache.head;

    if (h1) {
        cache.head = h1->next_free;
        cache.n--;
        return h1;
    }
    h1 = pel_mem_new(1, sizeof(*h1));
    h1->parser = pel_http_parser_new(loop->conf);
    return h1;
}

struct pel_h1 *pel_h1_new(struct pel_conn *c)
{
    struct pel_h1 *h1 = take(c->loop);
    struct pel_record *rec = &h1->rq.rec;

    PEL_ASSERT(c->h1 == NULL);
    c->h1 = h1;
    h1->conn = c;
    h1->rq.ops = c->loop->is_threaded ? &pel_h1_ops_threads : &pel_h1_ops_loop;
    pel_outq_init(&h1->q);
    pel_list_init(&h1->rq.ready);
    pel_http_parser_start(h1->parser, &h1->rq.arena);
    rec->stamp_ns[PEL_STAMP_ACCEPTED] = c->since_ns;
    rec->stamp_ns[PEL_STAMP_FIRST_BYTE] = pel_loop_now(c->loop);
    rec->connection_requests = ++c->n_requests;
    if (PEL_UNLIKELY(c->accept_ns)) {
        rec->accept_ns = c->accept_ns;
        c->accept_ns = 0;
    }
    rec->peer = rec->client = pel_conn_peer(c);
    rec->peer_port = rec->client_port = c->peer_port;
    rec->scheme = PEL_STR("http");
    return h1;
}

static void free_for_good(struct pel_h1 *h1)
{
    pel_http_parser_free(h1->parser);
    pel_buf_fini(&h1->body);
    pel_buf_fini(&h1->out);
    free(h1);
}

static void rest(struct pel_buf *b)
{
    if (b->cap > KEEP_LEN)
        pel_buf_fini(b);
    pel_buf_clear(b);
}

void pel_h1_free(struct pel_h1 *h1)
{
    struct pel_buf body = h1->body, out = h1->out;
    struct pel_http_parser *parser = h1->parser;

    pel_outq_fini(&h1->q, h1->conn->loop);
    pel_arena_reset(&h1->rq.arena);
    rest(&body);
    rest(&out);
    *h1 = (struct pel_h1){.parser = parser, .body = body, .out = out};
    if (cache.n >= CACHE_MAX) {
        free_for_good(h1);
        return;
    }
    h1->next_free = cache.head;
    cache.head = h1;
    cache.n++;
}

void pel_h1_trim(void)
{
    struct pel_h1 *h1 = cache.head, *next;

    for (; h1; h1 = next) {
        next = h1->next_free;
        free_for_good(h1);
    }
    cache.head = NULL;
    cache.n = 0;
}

/* The [[route]] of a request; its name, where it has one, comes before the framework's. */
static void find_route(const struct pel_conf *conf, struct pel_record *rec)
{
    rec->conf_route = pel_conf_route_find(conf, rec->method, rec->path);
    if (PEL_LIKELY(!rec->conf_route) || !*rec->conf_route->name)
        return;
    rec->route = pel_str(rec->conf_route->name, strlen(rec->conf_route->name));
    rec->route_source = PEL_ROUTE_CONFIG;
}

void pel_h1_begin(struct pel_h1 *h1)
{
    struct pel_conn *c = h1->conn;
    struct pel_loop *loop = c->loop;
    struct pel_request *rq = &h1->rq;
    struct pel_record *rec = &rq->rec;
    const struct pel_head *head = pel_http_parser_head(h1->parser);
    struct pel_origin origin;

    rq->head = head;
    rq->is_unix = c->is_unix;
    rq->server_name = pel_conn_local(c);
    rq->server_port = pel_conn_local_port(c);
    rec->method = head->method;
    rec->path = head->path;
    rec->query = head->query;
    rec->version_minor = head->version_minor;
    rec->user_agent = pel_head_get(head, PEL_HEADER_USER_AGENT);
    rec->referer = pel_head_get(head, PEL_HEADER_REFERER);
    find_route(loop->conf, rec);
    pel_origin_resolve(loop->conf, head, c->is_unix, false, &rq->arena, rec, &origin);
    rq->prefix = origin.prefix;
    if (PEL_UNLIKELY(origin.has_host))
        pel_http_parser_set_host(h1->parser, rec->host);
    pel_proxytime_resolve(loop->conf, head, c->is_unix, rec);
    pel_trace_accept(loop->conf, head, c->is_unix, &rq->arena, rec);
    h1->is_begun = true;
    rec->stamp_ns[PEL_STAMP_HEAD] = pel_loop_now(loop);
    pel_probes_begin(loop->probes, rec);
}

/* Loop mode: the connection was reset while the request was queued. The app has it all the same. */
static void start_closed(struct pel_h1 *h1)
{
    struct pel_conn *c = h1->conn;
    bool is_handle_closed = pel_conn_hold(c);

    c->loop->gateway->respond(&h1->rq);
    pel_conn_tell_gone(c);
    pel_conn_let_go(c, is_handle_closed);
}

/* Loop mode: the app has taken its first step, and is not done. */
static void after_step(struct pel_h1 *h1)
{
    struct pel_conn *c = h1->conn;

    if (!h1->is_done) {
        h1->may_be_kept = false; /* it will answer outside of any wave */
        pel_wave_distrust(c->loop);
    }
    if (c->is_eof || c->is_gone) /* the client left while the request was queued */
        pel_conn_tell_gone(c);
}

void pel_h1_start(struct pel_h1 *h1)
{
    struct pel_conn *c = h1->conn;
    struct pel_loop *loop = c->loop;
    uint64_t n = c->n_requests;

    h1->is_started = true;
    if (PEL_UNLIKELY(c->state == PEL_CONN_CLOSED)) {
        start_closed(h1);
        return;
    }
    loop->gateway->respond(&h1->rq);
    PEL_ASSERT(!loop->is_threaded || h1->is_done);
    /* Otherwise h1 is gone by now, or serves the next request already. */
    if (!loop->is_threaded && c->h1 == h1 && c->n_requests == n)
        after_step(h1);
}

/* A response that was cut off ends with its app, one of the server's own begins at its end. */
static void stamp_end(struct pel_record *rec, uint64_t now_ns)
{
    uint64_t app_ns = rec->stamp_ns[PEL_STAMP_APP_END];

    rec->stamp_ns[PEL_STAMP_LAST_BYTE] = now_ns > app_ns ? now_ns : app_ns;
    if (rec->status && rec->stamp_ns[PEL_STAMP_RESPONSE_START] == 0)
        rec->stamp_ns[PEL_STAMP_RESPONSE_START] = rec->stamp_ns[PEL_STAMP_LAST_BYTE];
}

/* What comes from here on leaves the server. */
static void redact(struct pel_h1 *h1)
{
    const struct pel_strings *names = &h1->conn->loop->conf->trace_redact;
    struct pel_record *rec = &h1->rq.rec;

    if (rec->query.len)
        rec->query = pel_redact_query(names, rec->query, &h1->rq.arena);
    if (rec->referer.len)
        rec->referer = pel_redact_url(names, rec->referer, &h1->rq.arena);
}

/* Of a client that has left only what was sent counts. */
static void cut_body(const struct pel_h1 *h1, struct pel_record *rec)
{
    uint64_t sent = rec->bytes_out > h1->heads_len ? rec->bytes_out - h1->heads_len : 0;

    if (PEL_UNLIKELY(rec->body_out > sent))
        rec->body_out = sent;
}

void pel_h1_record(struct pel_h1 *h1, uint64_t now_ns)
{
    struct pel_loop *loop = h1->conn->loop;
    struct pel_record *rec = &h1->rq.rec;

    if (atomic_load_explicit(&h1->is_recorded, memory_order_relaxed))
        return;
    atomic_store_explicit(&h1->is_recorded, true, memory_order_relaxed);
    if (!h1->is_begun && rec->error == PEL_ERROR_NONE)
        return;
    if (rec->stamp_ns[PEL_STAMP_LAST_BYTE] == 0)
        stamp_end(rec, now_ns);
    cut_body(h1, rec);
    redact(h1);
    pel_probes_finish(loop->probes, rec);
    if (h1->is_begun && loop->control)
        pel_age_count(&loop->control->age, rec);
}

static enum pel_error error_of_status(uint16_t status)
{
    switch (status) {
    case 408:
        return PEL_ERROR_BODY_TIMEOUT;
    case 413:
    case 414:
    case 431:
        return PEL_ERROR_LIMIT;
    default:
        return PEL_ERROR_BAD_REQUEST;
    }
}

void pel_h1_spoil(struct pel_h1 *h1, uint16_t status)
{
    struct pel_record *rec = &h1->rq.rec;

    h1->refusal = status;
    h1->fate = PEL_FATE_LINGER;
    if (rec->error == PEL_ERROR_NONE)
        rec->error = error_of_status(status);
}

void pel_h1_leave_place(struct pel_h1 *h1)
{
    struct pel_loop *loop = h1->conn->loop;

    if (!h1->counts_as_incomplete)
        return;
    h1->counts_as_incomplete = false;
    atomic_fetch_sub(&loop->n_incomplete, 1);
    if (atomic_load(&loop->n_holding))
        pel_loop_wake(loop);
}

static void end_body(struct pel_h1 *h1, uint64_t now_ns)
{
    h1->is_body_complete = true;
    h1->rq.rec.stamp_ns[PEL_STAMP_BODY] = now_ns;
    pel_h1_leave_place(h1);
}

void pel_h1_drop_head(struct pel_h1 *h1)
{
    h1->heads_len -= h1->out.len;
    pel_buf_clear(&h1->out);
}

void pel_h1_answer(struct pel_h1 *h1, uint16_t status)
{
    bool is_head = pel_str_eq(h1->rq.rec.method, PEL_STR("HEAD"));

    pel_h1_drop_head(h1);
    h1->rq.rec.body_out = pel_response_simple(&h1->out, h1->conn->loop->conf, status, is_head);
    h1->heads_len += h1->out.len - h1->rq.rec.body_out;
    pel_outq_add(&h1->q, pel_str(h1->out.p, h1->out.len), NULL);
    pel_buf_clear(&h1->out);
    h1->rq.rec.status = status;
    h1->is_end_sent = true;
    h1->fate = PEL_FATE_LINGER;
}

/* Its own trace, or that of a head which is complete, but not acceptable. */
static void note_trace(struct pel_h1 *h1)
{
    static const struct pel_head none;
    const struct pel_head *head = pel_http_parser_head(h1->parser);

    pel_trace_accept(h1->conn->loop->conf, head ? head : &none, h1->conn->is_unix, &h1->rq.arena,
                     &h1->rq.rec);
}

/* For the record of a request whose head never became complete. */
static void note_line(struct pel_h1 *h1)
{
    struct pel_record *rec = &h1->rq.rec;
    const char *mark;

    rec->version_minor = pel_http_parser_line(h1->parser, &rec->method, &rec->path);
    mark = memchr(rec->path.p, '?', rec->path.len);
    if (!mark)
        return;
    rec->query = pel_str(mark + 1, rec->path.len - (size_t)(mark + 1 - rec->path.p));
    rec->path.len = (size_t)(mark - rec->path.p);
}

void pel_h1_refuse(struct pel_h1 *h1, uint16_t status, const char *reason)
{
    struct pel_record *rec = &h1->rq.rec;

    if (!h1->is_begun) {
        note_line(h1);
        note_trace(h1);
    }
    if (rec->error == PEL_ERROR_NONE)
        rec->error = error_of_status(status);
    pel_log(PEL_LOG_REQUEST_REFUSED, "request from %.*s refused with %u: %s", (int)rec->peer.len,
            rec->peer.p, status, reason);
    pel_conn_leave_holding(h1->conn);
    pel_h1_answer(h1, status);
    h1->is_done = true;
    pel_conn_settle(h1->conn);
}

int pel_h1_feed_body(struct pel_h1 *h1, const char *p, size_t len, size_t *used,
                     struct pel_str *piece)
{
    struct pel_record *rec = &h1->rq.rec;
    enum pel_http_result r = pel_http_parser_feed(h1->parser, p, len, used);
    const char *reason;

    rec->bytes_in += *used;
    *piece = PEL_STR_NONE;
    switch (r) {
    case PEL_HTTP_BODY:
        *piece = pel_http_parser_body(h1->parser);
        rec->body_in += piece->len;
        return 0;
    case PEL_HTTP_END:
        end_body(h1, pel_now_ns());
        return 0;
    case PEL_HTTP_ERROR:
        pel_h1_spoil(h1, (uint16_t)pel_http_parser_error(h1->parser, &reason));
        pel_log(PEL_LOG_REQUEST_REFUSED, "request body of %.*s refused: %s", (int)rec->path.len,
                rec->path.p, reason);
        return -1;
    case PEL_HTTP_MORE:
        return 0;
    case PEL_HTTP_HEAD:
        break;
    }
    PEL_UNREACHABLE("a second head");
}
