/* The exporter against a receiver that answers as told. What goes over the wire is the business of
 * tests/integration/test_otlp.py. */
#include "sender.h"

#include <netdb.h>

#define NAME_SERVER_MS 5000

/* In the place of the C library's, for the thread of libcurl: no name server answers. */
__attribute__((visibility("default"))) int getaddrinfo(const char *name, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **out)
{
    usleep(NAME_SERVER_MS * 1000);
    return EAI_AGAIN;
}

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
