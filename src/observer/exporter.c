#include <stdlib.h>

#include "exporter.h"
#include "outcome.h"
#include "pellucid/time.h"

static void on_done(struct pel_post *post);

static void count(struct pel_exporter *x, enum pel_export what, uint64_t n)
{
    atomic_fetch_add_explicit(&x->header->exports[what], n, memory_order_relaxed);
}

const struct pel_export_kind pel_export_spans = {
    .signal = PEL_SIGNAL_TRACES,
    .items = "spans",
    .operation = PEL_OPERATION_SPANS,
    .exported = PEL_EXPORT_SPANS_EXPORTED,
    .rejected = PEL_EXPORT_SPANS_REJECTED,
    .failed = PEL_EXPORT_SPANS_FAILED,
    .processed = PEL_EXPORT_SPANS_PROCESSED,
    .queue_full = PEL_EXPORT_SPANS_QUEUE_FULL,
    .observer_killed = PEL_EXPORT_SPANS_OBSERVER_KILLED,
};

const struct pel_export_kind pel_export_logs = {
    .signal = PEL_SIGNAL_LOGS,
    .items = "log records",
    .operation = PEL_OPERATION_LOGS,
    .exported = PEL_EXPORT_LOGS_EXPORTED,
    .rejected = PEL_EXPORT_LOGS_REJECTED,
    .failed = PEL_EXPORT_LOGS_FAILED,
    .processed = PEL_EXPORT_LOGS_PROCESSED,
    .queue_full = PEL_EXPORT_LOGS_QUEUE_FULL,
    .observer_killed = PEL_EXPORT_LOGS_OBSERVER_KILLED,
};

/* How many items are here and not counted yet, should the observer die now. */
static void note_pending(struct pel_exporter *x)
{
    atomic_store_explicit(&x->header->exports_pending[x->kind->signal],
                          x->queue.n + x->queue.n_dropped + pel_exporter_inflight(x),
                          memory_order_relaxed);
}

/* What an observer before us had. */
static void count_pending(struct pel_exporter *x)
{
    count(x, x->kind->observer_killed,
          atomic_exchange_explicit(&x->header->exports_pending[x->kind->signal], 0,
                                   memory_order_relaxed));
}

int pel_exporter_open(struct pel_exporter *x, const struct pel_export_kind *kind, uv_loop_t *loop,
                      const struct pel_conf *conf, struct pel_shm_header *header,
                      struct pel_err *err)
{
    *x = (struct pel_exporter){.kind = kind, .loop = loop, .conf = conf, .header = header};
    x->batch_bytes = PEL_BATCH_BYTES;
    pel_queue_init(&x->queue, PEL_EXPORT_QUEUE_BYTES, PEL_EXPORT_PLAIN_BYTES);
    for (size_t i = 0; i < PEL_EXPORTS_AT_ONCE; i++) {
        x->batches[i].x = x;
        x->batches[i].post.done = on_done;
        pel_list_init(&x->batches[i].nodes);
    }
    count_pending(x);
    if (!pel_conf_exports(conf, kind->signal))
        return 0;
    if (pel_transport_open(&x->transport, loop, conf, kind->signal, err) < 0)
        return -1;
    x->health = (struct pel_health){.receiver = x->transport.name, .items = kind->items};
    uv_timer_init(loop, &x->timer);
    x->timer.data = x;
    x->is_enabled = true;
    return 0;
}

void pel_exporter_push(struct pel_exporter *x, struct pel_export_node *node, uint64_t now_ns)
{
    PEL_ASSERT(x->is_enabled);
    node->made_ns = now_ns;
    pel_queue_push(&x->queue, node);
}

/* --- one batch --- */

static void empty(struct pel_batch *b)
{
    pel_export_nodes_free(&b->nodes, b->bytes);
    pel_buf_clear(&b->body);
    b->n = b->bytes = 0;
    b->state = PEL_BATCH_EMPTY;
}

/* The receiver does not get n items that were to be sent. */
static void lose(struct pel_exporter *x, size_t n)
{
    count(x, x->kind->processed, n);
    count(x, x->kind->failed, n);
    pel_health_lost(&x->health, n);
}

static void give_up(struct pel_batch *b)
{
    lose(b->x, b->n);
    empty(b);
}

static void fill(struct pel_batch *b)
{
    struct pel_exporter *x = b->x;

    b->n = pel_queue_take(&x->queue, &b->nodes, PEL_BATCH_ITEMS, x->batch_bytes, &b->bytes);
    b->n_tries = 0;
    b->first_ns = pel_now_ns();
    pel_buf_clear(&x->raw);
    pel_encode_request(&x->raw, x->conf, &b->nodes);
    pel_transport_pack(&x->transport, &b->body, &x->raw);
}

static void send_batch(struct pel_batch *b)
{
    b->state = PEL_BATCH_SENDING;
    b->n_tries++;
    count(b->x, PEL_EXPORT_BYTES_SENT, b->body.len);
    pel_transport_post(&b->x->transport, &b->post, pel_str(b->body.p, b->body.len));
}

/* The queue has the items again, and decides what is kept. */
static void put_back(struct pel_batch *b)
{
    struct pel_list *link;

    while ((link = pel_list_pop(&b->nodes)))
        pel_queue_push(&b->x->queue, PEL_CONTAINER_OF(link, struct pel_export_node, link));
    empty(b);
}

/* A stop waits for a receiver that asks for a pause, not for one that is away. */
static void retry_while_stopping(struct pel_batch *b)
{
    struct pel_exporter *x = b->x;

    if (b->post.status == 0 || b->retry_ns >= x->stop_ns) {
        give_up(b);
        return;
    }
    x->not_before_ns = b->retry_ns;
    b->state = PEL_BATCH_WAITING;
}

/* While nothing at all is taken no batch is given up: those under way have the important items. */
static void retry_later(struct pel_batch *b)
{
    struct pel_exporter *x = b->x;
    uint64_t now_ns = pel_now_ns();

    b->retry_ns = pel_retry_time(&b->post, b->n_tries, now_ns);
    if (x->is_stopping) {
        retry_while_stopping(b);
        return;
    }
    if (b->retry_ns > x->not_before_ns)
        x->not_before_ns = b->retry_ns;
    if (!pel_retry_is_over(b->first_ns, now_ns))
        b->state = PEL_BATCH_WAITING;
    else if (x->taken_ns > b->first_ns)
        give_up(b);
    else
        put_back(b);
}

/* The receiver takes less at once: smaller batches are made of the items. */
static void split(struct pel_batch *b)
{
    struct pel_exporter *x = b->x;

    if (b->n <= 1) {
        give_up(b);
        return;
    }
    if (b->bytes / 2 < x->batch_bytes)
        x->batch_bytes = b->bytes / 2;
    put_back(b);
}

/* --- what came of it --- */

/* What was too large once is tried again by and by: the limit may have been of that moment. */
static void grow(struct pel_exporter *x)
{
    x->batch_bytes += x->batch_bytes / 128 + 1;
    if (x->batch_bytes > PEL_BATCH_BYTES)
        x->batch_bytes = PEL_BATCH_BYTES;
}

static void finish(struct pel_batch *b, const struct pel_outcome *o)
{
    struct pel_exporter *x = b->x;
    uint64_t n_rejected = o->n_rejected < b->n ? o->n_rejected : b->n;

    count(x, PEL_EXPORT_REQUESTS_OK, 1);
    count(x, x->kind->processed, b->n);
    count(x, x->kind->exported, b->n - n_rejected);
    count(x, x->kind->rejected, n_rejected);
    x->taken_ns = pel_now_ns();
    grow(x);
    pel_health_succeeded(&x->health, n_rejected, o->why);
    empty(b);
}

static void on_done(struct pel_post *post)
{
    struct pel_batch *b = PEL_CONTAINER_OF(post, struct pel_batch, post);
    struct pel_exporter *x = b->x;
    struct pel_outcome o;

    pel_outcome_read(&o, post, x->health.items);
    if (o.verdict == PEL_VERDICT_DONE) {
        finish(b, &o);
    } else {
        count(x, PEL_EXPORT_REQUESTS_FAILED, 1);
        if (o.verdict == PEL_VERDICT_RETRY)
            retry_later(b);
        else if (o.verdict == PEL_VERDICT_SPLIT)
            split(b);
        else
            give_up(b);
        pel_health_failed(&x->health, o.why);
    }
    if (b->state == PEL_BATCH_EMPTY)
        pel_operation_add(x->header, x->kind->operation, post->status, pel_now_ns() - b->first_ns);
    pel_exporter_pump(x);
}

/* --- when --- */

static bool is_due(const struct pel_exporter *x, uint64_t now_ns)
{
    if (x->queue.n == 0 || now_ns < x->not_before_ns)
        return false;
    return x->is_stopping || x->queue.n >= PEL_BATCH_ITEMS || x->queue.bytes >= x->batch_bytes ||
           now_ns - pel_queue_oldest_ns(&x->queue) >= PEL_BATCH_DELAY_MS * PEL_NS_PER_MS;
}

/* When a batch that waits may be sent: also a pause that was the answer to another one holds. */
static uint64_t retry_time(const struct pel_batch *b)
{
    return b->retry_ns > b->x->not_before_ns ? b->retry_ns : b->x->not_before_ns;
}

static void pump_batch(struct pel_batch *b, uint64_t now_ns)
{
    if (b->state == PEL_BATCH_WAITING && now_ns >= retry_time(b)) {
        send_batch(b);
    } else if (b->state == PEL_BATCH_EMPTY && is_due(b->x, now_ns)) {
        fill(b);
        send_batch(b);
    }
}

/* When the next batch could leave; 0 = not for reasons of time. */
static uint64_t batch_time(const struct pel_batch *b)
{
    const struct pel_exporter *x = b->x;
    uint64_t full_ns = pel_queue_oldest_ns(&x->queue) + PEL_BATCH_DELAY_MS * PEL_NS_PER_MS;

    if (b->state == PEL_BATCH_WAITING)
        return retry_time(b);
    if (b->state == PEL_BATCH_SENDING || x->queue.n == 0)
        return 0;
    if (x->is_stopping)
        return x->not_before_ns;
    return full_ns > x->not_before_ns ? full_ns : x->not_before_ns;
}

static void note_drops(struct pel_exporter *x)
{
    if (!x->queue.n_dropped)
        return;
    count(x, x->kind->queue_full, x->queue.n_dropped);
    pel_health_lost(&x->health, x->queue.n_dropped);
    x->queue.n_dropped = 0;
}

static bool is_idle(const struct pel_exporter *x)
{
    return x->queue.n == 0 && pel_exporter_inflight(x) == 0;
}

/* What is left, and under way, is lost. */
static void lose_all(struct pel_exporter *x)
{
    for (size_t i = 0; i < PEL_EXPORTS_AT_ONCE; i++) {
        pel_transport_cancel(&x->transport, &x->batches[i].post);
        give_up(&x->batches[i]);
    }
    lose(x, x->queue.n);
    pel_queue_fini(&x->queue);
    note_pending(x);
}

static void on_timer(uv_timer_t *timer)
{
    struct pel_exporter *x = timer->data;
    bool is_end = x->is_stopping && (is_idle(x) || pel_now_ns() >= x->stop_ns);

    if (!is_end) {
        pel_exporter_pump(x);
        return;
    }
    lose_all(x);
    x->is_stopped = true;
    x->on_stopped(x);
}

/* When there is something to do; 0 = not for reasons of time. */
static uint64_t next_time(const struct pel_exporter *x, uint64_t now_ns)
{
    uint64_t next_ns = x->is_stopping ? x->stop_ns : 0;

    if (x->is_stopping && is_idle(x))
        return now_ns;
    for (size_t i = 0; i < PEL_EXPORTS_AT_ONCE; i++) {
        uint64_t at_ns = batch_time(&x->batches[i]);

        if (at_ns && (!next_ns || at_ns < next_ns))
            next_ns = at_ns;
    }
    return next_ns;
}

static void set_timer(struct pel_exporter *x, uint64_t now_ns)
{
    uint64_t next_ns = x->is_stopped ? 0 : next_time(x, now_ns);

    if (!next_ns)
        uv_timer_stop(&x->timer);
    else
        uv_timer_start(&x->timer, on_timer,
                       next_ns > now_ns ? (next_ns - now_ns) / PEL_NS_PER_MS + 1 : 0, 0);
}

void pel_exporter_pump(struct pel_exporter *x)
{
    uint64_t now_ns = pel_now_ns();

    if (!x->is_enabled)
        return;
    uv_update_time(x->loop);
    note_drops(x);
    for (size_t i = 0; i < PEL_EXPORTS_AT_ONCE; i++)
        pump_batch(&x->batches[i], now_ns);
    note_pending(x);
    set_timer(x, now_ns);
}

void pel_exporter_stop(struct pel_exporter *x, unsigned wait_ms,
                       void (*on_stopped)(struct pel_exporter *x))
{
    x->on_stopped = on_stopped;
    if (!x->is_enabled) {
        on_stopped(x);
        return;
    }
    x->is_stopping = true;
    x->stop_ns = pel_now_ns() + wait_ms * PEL_NS_PER_MS;
    x->not_before_ns = 0;
    for (size_t i = 0; i < PEL_EXPORTS_AT_ONCE; i++)
        x->batches[i].retry_ns = 0;
    pel_exporter_pump(x);
}

void pel_exporter_close(struct pel_exporter *x)
{
    if (!x->is_enabled)
        return;
    x->is_enabled = false;
    note_drops(x);
    lose_all(x);
    pel_health_end(&x->health);
    pel_buf_fini(&x->raw);
    for (size_t i = 0; i < PEL_EXPORTS_AT_ONCE; i++)
        pel_buf_fini(&x->batches[i].body);
    pel_transport_close(&x->transport);
    uv_close((uv_handle_t *)&x->timer, NULL);
}

size_t pel_exporter_inflight(const struct pel_exporter *x)
{
    size_t n = 0;

    for (size_t i = 0; i < PEL_EXPORTS_AT_ONCE; i++)
        n += x->batches[i].n;
    return n;
}
