#include "../probe/fixture.h"

#include "observer/ownlog.h"
#include "pellucid/log.h"

struct world {
    struct pel_exporter logs;
    struct pel_ownlog own;
    struct pel_shm shm;
    uv_loop_t loop;
};

/* The exporter has a queue, and nobody empties it. */
static void start(struct world *w)
{
    memset(w, 0, sizeof(*w));
    w->shm = fixture_shm(1);
    w->logs.kind = &pel_export_logs;
    w->logs.header = w->shm.header;
    w->logs.is_enabled = true;
    pel_queue_init(&w->logs.queue, PEL_EXPORT_QUEUE_BYTES, PEL_EXPORT_PLAIN_BYTES);
    uv_loop_init(&w->loop);
    pel_ownlog_start(&w->own, &w->loop, &w->logs, w->shm.header);
}

static void end_log(struct world *w)
{
    pel_ownlog_stop(&w->own);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    pel_queue_fini(&w->logs.queue);
    pel_shm_close(&w->shm);
}

static uint64_t n_dropped(const struct world *w)
{
    return atomic_load(&w->shm.header->exports[PEL_EXPORT_LOGS_QUEUE_FULL]);
}

static void warnings_and_errors_are_queued(void **state)
{
    struct world w;

    start(&w);
    pel_log(PEL_LOG_EXPORT_RECOVERED, "only for people");
    assert_int_equal(w.logs.queue.n, 0);
    pel_log(PEL_LOG_EXPORT_FAILED, "export to %s: refused", "http://a");
    pel_log(PEL_LOG_OBSERVER_FAILED, "an error");
    assert_int_equal(w.logs.queue.n, 2);
    end_log(&w);
    pel_log(PEL_LOG_EXPORT_FAILED, "nobody hears it");
}

static void lines_of_a_minute_are_bounded(void **state)
{
    struct world w;

    start(&w);
    for (unsigned i = 0; i < PEL_OWNLOG_LINES + 10; i++)
        pel_log(PEL_LOG_EXPORT_FAILED, "once more");
    assert_int_equal(w.logs.queue.n, PEL_OWNLOG_LINES);
    assert_int_equal(n_dropped(&w), 10);
    w.own.minute_ns -= 61 * PEL_NS_PER_SEC;
    pel_log(PEL_LOG_EXPORT_FAILED, "in the next minute");
    assert_int_equal(w.logs.queue.n, PEL_OWNLOG_LINES + 1);
    end_log(&w);
}

static void nothing_is_queued_that_cannot_leave(void **state)
{
    struct world w;

    start(&w);
    w.logs.is_stopping = true;
    pel_log(PEL_LOG_EXPORT_LOST, "too late");
    w.logs.is_enabled = w.logs.is_stopping = false;
    pel_log(PEL_LOG_EXPORT_FAILED, "nowhere to");
    assert_int_equal(w.logs.queue.n, 0);
    assert_int_equal(n_dropped(&w), 0);
    end_log(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(warnings_and_errors_are_queued),
        cmocka_unit_test(lines_of_a_minute_are_bounded),
        cmocka_unit_test(nothing_is_queued_that_cannot_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
