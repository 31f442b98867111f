/* The exporter against a receiver that answers as told; a thread, so that time passes on both
 * sides. What goes over the wire is the business of tests/integration/test_otlp.py. */
#include "span.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <sys/socket.h>

#include "observer/exporter.h"

struct receiver {
    int listen_fd;
    uint16_t port;
    pthread_t thread;
    const char *const *answers; /* status lines with fields; NULL: hang up; the last one repeats */
    size_t n_answers;
    _Atomic size_t n_requests;
};

/* One connection of the receiver. */
struct peer {
    struct receiver *r;
    int fd;
    char room[1 << 20];
};

/* Reads one request with a Content-Length; false at the end of the connection. */
static bool read_request(struct peer *p)
{
    size_t len = 0;

    while (len < sizeof(p->room) - 1) {
        ssize_t n = read(p->fd, p->room + len, sizeof(p->room) - 1 - len);
        char *end, *field;

        if (n <= 0)
            return false;
        len += (size_t)n;
        p->room[len] = '\0';
        end = memmem(p->room, len, "\r\n\r\n", 4);
        if (!end)
            continue;
        field = strcasestr(p->room, "content-length:");
        if (len >= (size_t)(end + 4 - p->room) + (field ? strtoul(field + 15, NULL, 10) : 0))
            return true;
    }
    return false;
}

static void *serve(void *arg)
{
    struct peer *p = arg;
    struct receiver *r = p->r;

    while (read_request(p)) {
        size_t i = atomic_fetch_add(&r->n_requests, 1);
        const char *answer = r->answers[i < r->n_answers ? i : r->n_answers - 1];

        if (!answer || write(p->fd, answer, strlen(answer)) < 0)
            break;
    }
    close(p->fd);
    free(p);
    return NULL;
}

static void *accept_peers(void *arg)
{
    struct receiver *r = arg;
    pthread_t threads[16];
    size_t n = 0;
    int fd;

    while (n < PEL_ARRAY_LEN(threads) && (fd = accept(r->listen_fd, NULL, NULL)) >= 0) {
        struct peer *p = malloc(sizeof(*p));

        p->r = r;
        p->fd = fd;
        pthread_create(&threads[n++], NULL, serve, p);
    }
    while (n)
        pthread_join(threads[--n], NULL);
    return NULL;
}

static void receiver_start(struct receiver *r, const char *const *answers, size_t n)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(addr);

    *r = (struct receiver){.answers = answers, .n_answers = n};
    r->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(r->listen_fd, (struct sockaddr *)&addr, len), 0);
    assert_int_equal(listen(r->listen_fd, 8), 0);
    assert_int_equal(getsockname(r->listen_fd, (struct sockaddr *)&addr, &len), 0);
    r->port = ntohs(addr.sin_port);
    pthread_create(&r->thread, NULL, accept_peers, r);
}

static void receiver_stop(struct receiver *r)
{
    shutdown(r->listen_fd, SHUT_RDWR);
    pthread_join(r->thread, NULL);
    close(r->listen_fd);
}

#define NAME_SERVER_MS 5000

/* In the place of the C library's, for the thread of libcurl: no name server answers. */
__attribute__((visibility("default"))) int getaddrinfo(const char *name, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **out)
{
    usleep(NAME_SERVER_MS * 1000);
    return EAI_AGAIN;
}

struct sender {
    struct pel_exporter x;
    uv_loop_t loop;
    struct pel_shm shm;
    struct pel_conf conf;
    char endpoint[64];
    bool is_stopped;
};

static void sender_start_for(struct sender *s, const char *host, uint16_t port)
{
    static char *signals[] = {(char *)"traces"};
    struct pel_err err;

    memset(s, 0, sizeof(*s));
    snprintf(s->endpoint, sizeof(s->endpoint), "http://%s:%u/", host, port);
    s->shm = fixture_shm(1);
    s->conf = fixture_conf();
    s->conf.otlp_endpoint = s->endpoint;
    s->conf.otlp_signals = (struct pel_strings){signals, 1};
    s->conf.otlp_compression = PEL_COMPRESSION_GZIP;
    s->conf.otlp_timeout_ms = 2000;
    s->conf.otlp_certificate = s->conf.otlp_client_certificate = s->conf.otlp_client_key =
        s->conf.otlp_traces_certificate = s->conf.otlp_traces_client_certificate =
            s->conf.otlp_traces_client_key = (char *)"";
    uv_loop_init(&s->loop);
    assert_int_equal(
        pel_exporter_open(&s->x, &pel_export_spans, &s->loop, &s->conf, s->shm.header, &err), 0);
    assert_true(s->x.is_enabled);
}

static void sender_start(struct sender *s, uint16_t port)
{
    sender_start_for(s, "127.0.0.1", port);
}

static void push(struct sender *s, size_t n)
{
    struct pel_record rec = fixture_record(pel_now_ns());
    const struct pel_span_entry *e = span_of(&rec, PEL_SPAN_SAMPLED);

    for (size_t i = 0; i < n; i++) {
        struct pel_arena a;

        pel_arena_init(&a);
        pel_exporter_push(&s->x, pel_encode_span(e, 0, 0, &a), pel_now_ns());
        pel_arena_reset(&a);
    }
    pel_exporter_pump(&s->x);
}

static uint64_t total(struct sender *s, enum pel_export what)
{
    return atomic_load(&s->shm.header->exports[what]);
}

static void on_stopped(struct pel_exporter *x)
{
    struct sender *s = PEL_CONTAINER_OF(x, struct sender, x);

    s->is_stopped = true;
    pel_exporter_close(x);
}

static void sender_stop(struct sender *s, unsigned wait_ms)
{
    pel_exporter_stop(&s->x, wait_ms, on_stopped);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    assert_true(s->is_stopped);
    assert_int_equal(uv_loop_close(&s->loop), 0);
}

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define BUSY "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After: 0\r\n\r\n"
#define LATER "HTTP/1.1 429 Later\r\nContent-Length: 0\r\nRetry-After: 300\r\n\r\n"
#define IN_A_MINUTE "HTTP/1.1 429 Later\r\nContent-Length: 0\r\nRetry-After: 60\r\n\r\n"
#define SOON "HTTP/1.1 429 Later\r\nContent-Length: 0\r\nRetry-After: 20\r\n\r\n"
#define BAD "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"
#define TOO_LARGE "HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n"

static void full_batch_leaves_at_once(void **state)
{
    static const char *const answers[] = {OK};
    struct receiver r;
    struct sender s;

    receiver_start(&r, answers, 1);
    sender_start(&s, r.port);
    push(&s, PEL_BATCH_ITEMS + 1);
    assert_int_equal(pel_exporter_inflight(&s.x), PEL_BATCH_ITEMS);
    assert_int_equal(s.x.queue.n, 1);
    sender_stop(&s, 2000);
    assert_int_equal(total(&s, PEL_EXPORT_SPANS_EXPORTED), PEL_BATCH_ITEMS + 1);
    assert_int_equal(total(&s, PEL_EXPORT_REQUESTS_OK), 2);
    receiver_stop(&r);
    assert_int_equal(atomic_load(&r.n_requests), 2);
    pel_shm_close(&s.shm);
}

/* What proxies take by default: nginx says 413 to more than 1 MiB. */
static void request_is_a_mebibyte_at_most(void **state)
{
    static const char *const answers[] = {OK};
    struct receiver r;
    struct sender s;

    receiver_start(&r, answers, 1);
    sender_start(&s, r.port);
    for (unsigned i = 0; i < 2 * PEL_BATCH_ITEMS; i++) {
        struct pel_export_node *node = pel_export_node_new(1020);

        memset(node->bytes, 0, node->len);
        memcpy(node->instance_id, fixture_worker.instance_id, sizeof(node->instance_id));
        node->pid = (int32_t)(i % 64);
        node->is_important = false;
        pel_exporter_push(&s.x, node, pel_now_ns());
    }
    pel_exporter_pump(&s.x);
    assert_between(s.x.raw.len, PEL_BATCH_REQUEST_BYTES / 10 * 9, PEL_BATCH_REQUEST_BYTES);
    sender_stop(&s, 2000);
    receiver_stop(&r);
    pel_shm_close(&s.shm);
}

static void few_spans_leave_after_the_delay(void **state)
{
    static const char *const answers[] = {OK};
    uint64_t start_ns = pel_now_ns();
    struct receiver r;
    struct sender s;

    receiver_start(&r, answers, 1);
    sender_start(&s, r.port);
    push(&s, 3);
    assert_int_equal(pel_exporter_inflight(&s.x), 0);
    while (total(&s, PEL_EXPORT_SPANS_EXPORTED) < 3)
        uv_run(&s.loop, UV_RUN_ONCE);
    assert_between((pel_now_ns() - start_ns) / PEL_NS_PER_MS, PEL_BATCH_DELAY_MS,
                   PEL_BATCH_DELAY_MS * 3);
    assert_false(uv_is_active((uv_handle_t *)&s.x.timer));
    sender_stop(&s, 1000);
    receiver_stop(&r);
    pel_shm_close(&s.shm);
}

static void busy_receiver_gets_it_again(void **state)
{
    static const char *const answers[] = {NULL, BUSY, OK};
    uint64_t start_ns = pel_now_ns();
    struct receiver r;
    struct sender s;

    receiver_start(&r, answers, 3);
    sender_start(&s, r.port);
    push(&s, PEL_BATCH_ITEMS);
    while (total(&s, PEL_EXPORT_SPANS_EXPORTED) < PEL_BATCH_ITEMS)
        uv_run(&s.loop, UV_RUN_ONCE);
    assert_int_equal(total(&s, PEL_EXPORT_REQUESTS_FAILED), 2);
    assert_int_equal(atomic_load(&r.n_requests), 3);
    /* "Retry-After: 0" makes no pause shorter. */
    assert_true(pel_now_ns() - start_ns >= (500 + 750) * PEL_NS_PER_MS);
    assert_int_equal(total(&s, PEL_EXPORT_SPANS_FAILED), 0);
    assert_false(s.x.health.is_failing);
    sender_stop(&s, 1000);
    receiver_stop(&r);
    pel_shm_close(&s.shm);
}

static void a_long_pause_is_kept_and_nothing_lost(void **state)
{
    static const char *const answers[] = {LATER};
    struct receiver r;
    struct sender s;

    receiver_start(&r, answers, 1);
    sender_start(&s, r.port);
    push(&s, PEL_BATCH_ITEMS);
    while (total(&s, PEL_EXPORT_REQUESTS_FAILED) == 0)
        uv_run(&s.loop, UV_RUN_ONCE);
    push(&s, PEL_BATCH_ITEMS);
    assert_int_equal(pel_exporter_inflight(&s.x), PEL_BATCH_ITEMS); /* what waits */
    assert_int_equal(s.x.queue.n, PEL_BATCH_ITEMS);
    assert_true(uv_timer_get_due_in(&s.x.timer) > 200000);
    assert_int_equal(total(&s, PEL_EXPORT_SPANS_FAILED), 0);
    sender_stop(&s, 0);
    receiver_stop(&r);
    pel_shm_close(&s.shm);
}

/* Sends a batch to a receiver that is busy, as if that had been so for more than five minutes. */
static void fail_for_long(struct sender *s)
{
    push(s, PEL_BATCH_ITEMS);
    s->x.batches[0].first_ns -= 301 * PEL_NS_PER_SEC;
    while (total(s, PEL_EXPORT_REQUESTS_FAILED) == 0)
        uv_run(&s->loop, UV_RUN_ONCE);
    assert_int_equal(pel_exporter_inflight(&s->x), 0);
}

static void away_for_long_loses_nothing(void **state)
{
    static const char *const answers[] = {BUSY, OK};
    struct receiver r;
    struct sender s;

    receiver_start(&r, answers, 2);
    sender_start(&s, r.port);
    fail_for_long(&s);
    assert_int_equal(s.x.queue.n, PEL_BATCH_ITEMS);
    while (total(&s, PEL_EXPORT_SPANS_EXPORTED) < PEL_BATCH_ITEMS)
        uv_run(&s.loop, UV_RUN_ONCE);
    assert_int_equal(total(&s, PEL_EXPORT_SPANS_FAILED), 0);
    sender_stop(&s, 0);
    receiver_stop(&r);
    pel_shm_close(&s.shm);
}

static void batch_that_alone_fails_for_long_is_lost(void **state)
{
    static const char *const answers[] = {BUSY};
    struct receiver r;
    struct sender s;

    receiver_start(&r, answers, 1);
    sender_start(&s, r.port);
    s.x.taken_ns = UINT64_MAX;
    fail_for_long(&s);
    assert_int_equal(s.x.queue.n, 0);
    assert_int_equal(total(&s, PEL_EXPORT_SPANS_FAILED), PEL_BATCH_ITEMS);
    sender_stop(&s, 0);
    receiver_stop(&r);
    pel_shm_close(&s.shm);
}

static void one_success_does_not_end_the_pause(void **state)
{
    static const char *const answers[] = {IN_A_MINUTE, OK};
    struct receiver r;
    struct sender s;

    receiver_start(&r, answers, 2);
    sender_start(&s, r.port);
    push(&s, 2 * PEL_BATCH_ITEMS);
    while (total(&s, PEL_EXPORT_SPANS_EXPORTED) < PEL_BATCH_ITEMS ||
           total(&s, PEL_EXPORT_REQUESTS_FAILED) < 1)
        uv_run(&s.loop, UV_RUN_ONCE);
    push(&s, PEL_BATCH_ITEMS);
    assert_int_equal(pel_exporter_inflight(&s.x), PEL_BATCH_ITEMS); /* what waits */
    assert_int_equal(s.x.queue.n, PEL_BATCH_ITEMS);
    sender_stop(&s, 0);
    receiver_stop(&r);
    pel_shm_close(&s.shm);
}

static void pause_is_for_all_batches(void **state)
{
    static const char *const answers[] = {SOON, IN_A_MINUTE, OK};
    struct receiver r;
    struct sender s;

    receiver_start(&r, answers, 3);
    sender_start(&s, r.port);
    push(&s, 2 * PEL_BATCH_ITEMS);
    while (total(&s, PEL_EXPORT_REQUESTS_FAILED) < 2)
        uv_run(&s.loop, UV_RUN_ONCE);
    assert_int_equal(pel_exporter_inflight(&s.x), 2 * PEL_BATCH_ITEMS);
    assert_true(uv_timer_get_due_in(&s.x.timer) > 30000);
    sender_stop(&s, 0);
    receiver_stop(&r);
    pel_shm_close(&s.shm);
}

static void refused_spans_are_lost_and_counted(void **state)
{
    static const char *const answers[] = {BAD, OK};
    struct receiver r;
    struct sender s;

    receiver_start(&r, answers, 2);
    sender_start(&s, r.port);
    push(&s, PEL_BATCH_ITEMS);
    while (total(&s, PEL_EXPORT_SPANS_FAILED) < PEL_BATCH_ITEMS)
        uv_run(&s.loop, UV_RUN_ONCE);
    assert_true(s.x.health.is_failing);
    assert_non_null(strstr(s.x.health.last_failure, "400"));
    push(&s, 1);
    sender_stop(&s, 2000);
    assert_int_equal(total(&s, PEL_EXPORT_SPANS_EXPORTED), 1);
    receiver_stop(&r);
    pel_shm_close(&s.shm);
}

static void too_large_goes_in_parts(void **state)
{
    static const char *const answers[] = {TOO_LARGE, TOO_LARGE, OK};
    struct receiver r;
    struct sender s;

    receiver_start(&r, answers, 3);
    sender_start(&s, r.port);
    push(&s, PEL_BATCH_ITEMS);
    sender_stop(&s, 4000);
    assert_int_equal(total(&s, PEL_EXPORT_SPANS_EXPORTED), PEL_BATCH_ITEMS);
    assert_int_equal(total(&s, PEL_EXPORT_SPANS_FAILED), 0);
    receiver_stop(&r);
    assert_true(atomic_load(&r.n_requests) >= 5);
    pel_shm_close(&s.shm);
}

static void batches_grow_again(void **state)
{
    static const char *const answers[] = {TOO_LARGE, OK};
    size_t after_split;
    struct receiver r;
    struct sender s;

    receiver_start(&r, answers, 2);
    sender_start(&s, r.port);
    push(&s, PEL_BATCH_ITEMS);
    while (total(&s, PEL_EXPORT_REQUESTS_FAILED) == 0)
        uv_run(&s.loop, UV_RUN_ONCE);
    after_split = s.x.batch_bytes;
    assert_true(after_split < PEL_BATCH_BYTES / 2);
    for (uint64_t n = 1; n <= 10; n++) {
        while (total(&s, PEL_EXPORT_SPANS_EXPORTED) < n * PEL_BATCH_ITEMS)
            uv_run(&s.loop, UV_RUN_ONCE);
        push(&s, PEL_BATCH_ITEMS);
    }
    assert_true(s.x.batch_bytes > after_split + after_split / 16);
    sender_stop(&s, 4000);
    receiver_stop(&r);
    pel_shm_close(&s.shm);
}

static void single_span_too_large_is_lost(void **state)
{
    static const char *const answers[] = {TOO_LARGE};
    struct receiver r;
    struct sender s;

    receiver_start(&r, answers, 1);
    sender_start(&s, r.port);
    push(&s, 7);
    sender_stop(&s, 4000);
    assert_int_equal(total(&s, PEL_EXPORT_SPANS_FAILED), 7);
    receiver_stop(&r);
    pel_shm_close(&s.shm);
}

static void queue_is_bounded_while_nobody_listens(void **state)
{
    struct receiver r;
    struct sender s;
    uint64_t n = 0;

    receiver_start(&r, NULL, 0);
    receiver_stop(&r); /* its port refuses now */
    sender_start(&s, r.port);
    while (total(&s, PEL_EXPORT_SPANS_QUEUE_FULL) == 0) {
        push(&s, 1000);
        n += 1000;
        uv_run(&s.loop, UV_RUN_NOWAIT);
    }
    assert_true(s.x.queue.bytes <= PEL_EXPORT_QUEUE_BYTES);
    sender_stop(&s, 1000);
    assert_int_equal(total(&s, PEL_EXPORT_SPANS_QUEUE_FULL) + total(&s, PEL_EXPORT_SPANS_FAILED),
                     n);
    pel_shm_close(&s.shm);
}

static void name_shows_no_secrets(void **state)
{
    struct sender s;

    sender_start(&s, 1);
    sender_stop(&s, 0);
    assert_string_equal(s.x.transport.name, "http://127.0.0.1:1/v1/traces");
    pel_shm_close(&s.shm);
    s.conf.otlp_traces_endpoint = (char *)"https://user:pass@word@a.example:1/x?key=secret";
    s.shm = fixture_shm(1);
    uv_loop_init(&s.loop);
    assert_int_equal(
        pel_exporter_open(&s.x, &pel_export_spans, &s.loop, &s.conf, s.shm.header, NULL), 0);
    assert_string_equal(s.x.transport.name, "https://a.example:1/x");
    sender_stop(&s, 0);
    pel_shm_close(&s.shm);
}

static void stop_waits_no_longer_than_told(void **state)
{
    struct receiver r = {.port = 0};
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(addr);
    uint64_t start_ns;
    struct sender s;

    r.listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* takes, and never answers */
    assert_int_equal(bind(r.listen_fd, (struct sockaddr *)&addr, len), 0);
    assert_int_equal(listen(r.listen_fd, 8), 0);
    assert_int_equal(getsockname(r.listen_fd, (struct sockaddr *)&addr, &len), 0);
    sender_start(&s, ntohs(addr.sin_port));
    push(&s, 10);
    start_ns = pel_now_ns();
    sender_stop(&s, 300);
    assert_between((pel_now_ns() - start_ns) / PEL_NS_PER_MS, 290, 1500);
    assert_int_equal(total(&s, PEL_EXPORT_SPANS_FAILED), 10);
    close(r.listen_fd);
    pel_shm_close(&s.shm);
}

static void name_server_that_is_away_delays_no_stop(void **state)
{
    uint64_t start_ns;
    struct sender s;

    sender_start_for(&s, "collector.example", 4318);
    push(&s, 10);
    start_ns = pel_now_ns();
    sender_stop(&s, 300);
    assert_between((pel_now_ns() - start_ns) / PEL_NS_PER_MS, 290, NAME_SERVER_MS - 500);
    assert_int_equal(total(&s, PEL_EXPORT_SPANS_FAILED), 10);
    pel_shm_close(&s.shm);
}

static unsigned n_stopped;

static void count_stops(struct pel_exporter *x)
{
    n_stopped++;
}

/* Until the other exporters have stopped, too, rings are read: spans come after the stop. */
static void what_comes_after_the_stop_is_sent_or_counted(void **state)
{
    static const char *const answers[] = {OK};
    struct receiver r;
    struct sender s;

    n_stopped = 0;
    receiver_start(&r, answers, 1);
    sender_start(&s, r.port);
    pel_exporter_stop(&s.x, 60000, count_stops);
    while (n_stopped == 0)
        uv_run(&s.loop, UV_RUN_ONCE);
    push(&s, 3);
    while (total(&s, PEL_EXPORT_SPANS_EXPORTED) < 3)
        uv_run(&s.loop, UV_RUN_ONCE);
    pel_exporter_pump(&s.x);
    push(&s, 4); /* under way when it is closed */
    pel_exporter_close(&s.x);
    uv_run(&s.loop, UV_RUN_DEFAULT);
    assert_int_equal(n_stopped, 1);
    assert_int_equal(total(&s, PEL_EXPORT_SPANS_FAILED), 4);
    assert_int_equal(uv_loop_close(&s.loop), 0);
    receiver_stop(&r);
    pel_shm_close(&s.shm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_batch_leaves_at_once),
        cmocka_unit_test(request_is_a_mebibyte_at_most),
        cmocka_unit_test(few_spans_leave_after_the_delay),
        cmocka_unit_test(busy_receiver_gets_it_again),
        cmocka_unit_test(a_long_pause_is_kept_and_nothing_lost),
        cmocka_unit_test(away_for_long_loses_nothing),
        cmocka_unit_test(batch_that_alone_fails_for_long_is_lost),
        cmocka_unit_test(one_success_does_not_end_the_pause),
        cmocka_unit_test(pause_is_for_all_batches),
        cmocka_unit_test(refused_spans_are_lost_and_counted),
        cmocka_unit_test(too_large_goes_in_parts),
        cmocka_unit_test(batches_grow_again),
        cmocka_unit_test(single_span_too_large_is_lost),
        cmocka_unit_test(queue_is_bounded_while_nobody_listens),
        cmocka_unit_test(name_shows_no_secrets),
        cmocka_unit_test(stop_waits_no_longer_than_told),
        cmocka_unit_test(name_server_that_is_away_delays_no_stop),
        cmocka_unit_test(what_comes_after_the_stop_is_sent_or_counted),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
