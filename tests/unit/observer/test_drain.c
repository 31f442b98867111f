/* The observer's sleep: no timer while nothing happens, and no span that nobody comes for. */
#include "../probe/fixture.h"

#include "observer/drain.h"

struct observer {
    struct pel_drain drain;
    uv_loop_t loop;
    struct pel_shm shm;
    struct pel_conf conf;
    struct pel_probes *ps;
    size_t n_spans, n_children, n_lines, n_turns;
};

static void on_span(struct pel_drain *d, unsigned slot, const struct pel_span_entry *e)
{
    struct observer *ob = PEL_CONTAINER_OF(d, struct observer, drain);

    assert_int_equal(slot, 1);
    assert_str(pel_span_string(e, PEL_SPAN_STR_PATH), "/orders/17");
    ob->n_spans++;
}

static void on_child(struct pel_drain *d, const struct pel_child_entry *e)
{
    struct observer *ob = PEL_CONTAINER_OF(d, struct observer, drain);

    assert_str(pel_child_string(e, PEL_CHILD_NAME), "load");
    ob->n_children++;
}

static void on_logline(struct pel_drain *d, const struct pel_logline_entry *e)
{
    struct observer *ob = PEL_CONTAINER_OF(d, struct observer, drain);

    assert_str(pel_logline_string(e, PEL_LOGLINE_MESSAGE), "worker 1 died");
    ob->n_lines++;
}

static void on_turn(struct pel_drain *d)
{
    PEL_CONTAINER_OF(d, struct observer, drain)->n_turns++;
}

static void set_up(struct observer *ob)
{
    memset(ob, 0, sizeof(*ob));
    uv_loop_init(&ob->loop);
    ob->shm = fixture_shm(2);
    ob->conf = fixture_conf();
    ob->ps = pel_probes_start(&ob->conf, &ob->shm, 1, -1, NULL);
    ob->drain.on_span = on_span;
    ob->drain.on_child = on_child;
    ob->drain.on_logline = on_logline;
    ob->drain.on_turn = on_turn;
    pel_drain_start(&ob->drain, &ob->loop, &ob->shm);
}

static void tear_down(struct observer *ob)
{
    pel_drain_stop(&ob->drain);
    uv_run(&ob->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&ob->loop), 0);
    pel_probes_stop(ob->ps);
    pel_shm_close(&ob->shm);
}

static void finish_request(struct observer *ob)
{
    struct pel_record rec = fixture_record(pel_now_ns());

    pel_probes_finish(ob->ps, &rec);
    pel_probes_flush(ob->ps);
}

static uint32_t sleep_state(struct observer *ob)
{
    return atomic_load(&ob->shm.header->observer_sleeps);
}

static bool has_timer(struct observer *ob)
{
    return uv_is_active((uv_handle_t *)&ob->drain.timer);
}

static void lines_of_the_supervisor_are_read(void **state)
{
    const struct pel_log_event event = {.entry = PEL_LOG_WORKER_DIED,
                                        .message = PEL_STR("worker 1 died")};
    struct observer ob;

    set_up(&ob);
    uv_run(&ob.loop, UV_RUN_NOWAIT);
    assert_true(pel_logline_write(&ob.shm.header->ring, &event, ob.shm.header->instance_id, 1));
    pel_ring_poke(&ob.shm, &ob.shm.header->ring);
    while (!ob.n_lines)
        uv_run(&ob.loop, UV_RUN_ONCE);
    assert_int_equal(ob.n_turns, 1);
    tear_down(&ob);
}

static void idle_observer_has_no_timer(void **state)
{
    struct observer ob;

    set_up(&ob);
    uv_run(&ob.loop, UV_RUN_NOWAIT);
    assert_int_equal(sleep_state(&ob), PEL_OBSERVER_ASLEEP);
    assert_false(has_timer(&ob));
    assert_int_equal(ob.n_turns, 0);
    tear_down(&ob);
}

static void entries_of_before_are_read_first(void **state)
{
    struct observer ob;

    set_up(&ob);
    finish_request(&ob);
    uv_run(&ob.loop, UV_RUN_NOWAIT);
    assert_int_equal(ob.n_spans, 1);
    assert_int_equal(sleep_state(&ob), PEL_OBSERVER_NAPPING);
    assert_true(has_timer(&ob));
    tear_down(&ob);
}

static void span_wakes_the_sleeper_and_it_sleeps_again(void **state)
{
    struct observer ob;

    set_up(&ob);
    uv_run(&ob.loop, UV_RUN_NOWAIT);
    for (int i = 0; i < 10; i++)
        finish_request(&ob);
    assert_int_equal(sleep_state(&ob), PEL_OBSERVER_AWAKE);
    while (ob.n_spans < 10)
        uv_run(&ob.loop, UV_RUN_ONCE);
    assert_int_equal(ob.n_turns, 1);
    while (sleep_state(&ob) != PEL_OBSERVER_ASLEEP)
        uv_run(&ob.loop, UV_RUN_ONCE);
    assert_false(has_timer(&ob));
    assert_int_equal(ob.n_turns, 1);
    tear_down(&ob);
}

static void filling_ring_ends_a_nap(void **state)
{
    uint64_t start_ns;
    struct observer ob;

    set_up(&ob);
    finish_request(&ob);
    uv_run(&ob.loop, UV_RUN_NOWAIT);
    assert_int_equal(sleep_state(&ob), PEL_OBSERVER_NAPPING);
    start_ns = pel_now_ns();
    for (int i = 0; i < 1500; i++)
        finish_request(&ob);
    while (ob.n_spans < 1501)
        uv_run(&ob.loop, UV_RUN_ONCE);
    assert_true(pel_now_ns() - start_ns < PEL_DRAIN_MS * PEL_NS_PER_MS);
    tear_down(&ob);
}

static void nonsense_is_counted(void **state)
{
    struct pel_ring_entry *e;
    struct observer ob;

    set_up(&ob);
    atomic_store(&pel_shm_slot(&ob.shm, 0)->is_used, 1);
    e = pel_ring_reserve(&pel_shm_slot(&ob.shm, 0)->ring, 64, PEL_RING_SPAN, true);
    pel_ring_commit(&pel_shm_slot(&ob.shm, 0)->ring, e);
    finish_request(&ob);
    uv_run(&ob.loop, UV_RUN_NOWAIT);
    assert_int_equal(ob.n_spans, 1);
    assert_int_equal(atomic_load(&ob.shm.header->exports[PEL_EXPORT_ENTRIES_UNREADABLE]), 1);
    tear_down(&ob);
}

static void fullest_ring_is_remembered(void **state)
{
    struct observer ob;
    struct pel_shm_slot *slot;
    size_t used;

    set_up(&ob);
    slot = pel_shm_slot(&ob.shm, 1);
    finish_request(&ob);
    finish_request(&ob);
    used = pel_ring_used(&slot->ring);
    assert_true(used > 0);
    pel_drain_turn(&ob.drain);
    assert_int_equal(atomic_load(&slot->ring_peak), used);
    finish_request(&ob);
    pel_drain_turn(&ob.drain);
    assert_int_equal(atomic_load(&slot->ring_peak), used);
    assert_int_equal(atomic_load(&pel_shm_slot(&ob.shm, 0)->ring_peak), 0);
    tear_down(&ob);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_the_supervisor_are_read),
        cmocka_unit_test(idle_observer_has_no_timer),
        cmocka_unit_test(entries_of_before_are_read_first),
        cmocka_unit_test(fullest_ring_is_remembered),
        cmocka_unit_test(span_wakes_the_sleeper_and_it_sleeps_again),
        cmocka_unit_test(filling_ring_ends_a_nap),
        cmocka_unit_test(nonsense_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
