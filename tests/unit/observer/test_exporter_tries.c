/* Exports that fail: when they are tried again, and what is given up. */
#include "sender.h"

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
    assert_int_equal(total(&s, PEL_EXPORT_SPANS_PROCESSED), PEL_BATCH_ITEMS); /* once */
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

static void a_stop_tries_again_where_it_is_asked_to(void **state)
{
    static const char *const answers[] = {BUSY, OK};
    struct receiver r;
    struct sender s;

    receiver_start(&r, answers, 2);
    sender_start(&s, r.port);
    push(&s, 10);
    sender_stop(&s, 60000);
    assert_int_equal(total(&s, PEL_EXPORT_SPANS_EXPORTED), 10);
    assert_int_equal(total(&s, PEL_EXPORT_REQUESTS_FAILED), 1);
    receiver_stop(&r);
    pel_shm_close(&s.shm);
}

static void a_stop_does_not_wait_for_a_pause_beyond_its_end(void **state)
{
    static const char *const answers[] = {IN_A_MINUTE};
    uint64_t start_ns = pel_now_ns();
    struct receiver r;
    struct sender s;

    receiver_start(&r, answers, 1);
    sender_start(&s, r.port);
    push(&s, 10);
    sender_stop(&s, 30000);
    assert_int_equal(total(&s, PEL_EXPORT_SPANS_FAILED), 10);
    assert_int_equal(total(&s, PEL_EXPORT_SPANS_PROCESSED), 10);
    assert_true(pel_now_ns() - start_ns < 20 * PEL_NS_PER_SEC);
    receiver_stop(&r);
    pel_shm_close(&s.shm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(busy_receiver_gets_it_again),
        cmocka_unit_test(a_long_pause_is_kept_and_nothing_lost),
        cmocka_unit_test(away_for_long_loses_nothing),
        cmocka_unit_test(batch_that_alone_fails_for_long_is_lost),
        cmocka_unit_test(one_success_does_not_end_the_pause),
        cmocka_unit_test(pause_is_for_all_batches),
        cmocka_unit_test(a_stop_tries_again_where_it_is_asked_to),
        cmocka_unit_test(a_stop_does_not_wait_for_a_pause_beyond_its_end),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
