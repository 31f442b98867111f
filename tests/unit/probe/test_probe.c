/* The path of a request through the probes: in-flight table, metrics, span, access log. */
#include "fixture.h"

#include <fcntl.h>
#include <pthread.h>

#include "pellucid/inflight.h"

struct server {
    struct pel_conf conf;
    struct pel_shm shm;
    struct pel_probes *ps;
};

static void start(struct server *s, int access_fd)
{
    struct pel_err err;

    s->ps = pel_probes_start(&s->conf, &s->shm, 0, access_fd, &err);
    assert_non_null(s->ps);
}

static void set_up(struct server *s)
{
    s->conf = fixture_conf();
    s->shm = fixture_shm(2);
    start(s, -1);
}

static void tear_down(struct server *s)
{
    pel_probes_stop(s->ps);
    pel_shm_close(&s->shm);
}

static void request_appears_in_flight_and_leaves(void **state)
{
    struct pel_record rec = fixture_record(pel_now_ns());
    const struct pel_shm_inflight *e;
    struct server s;

    set_up(&s);
    e = &pel_shm_slot(&s.shm, 0)->inflight[0];
    pel_probes_begin(s.ps, &rec);
    assert_int_equal(atomic_load(&e->start_ns), rec.stamp_ns[PEL_STAMP_FIRST_BYTE]);
    assert_string_equal(e->method, "GET");
    assert_memory_equal(e->path, "/orders/17", e->path_len);
    assert_int_equal(pel_active_sum(pel_shm_slot(&s.shm, 0)), 1);
    pel_probes_app_enter(s.ps, &rec);
    assert_int_equal(atomic_load(&e->app_start_ns), rec.stamp_ns[PEL_STAMP_APP_START]);
    pel_probes_app_leave(s.ps, &rec);
    pel_probes_finish(s.ps, &rec);
    assert_int_equal(atomic_load(&e->start_ns), 0);
    assert_int_equal(pel_active_sum(pel_shm_slot(&s.shm, 0)), 0);
    tear_down(&s);
}

static void span_holds_the_record(void **state)
{
    struct pel_record rec = fixture_record(pel_now_ns());
    const struct pel_span_entry *e;
    struct server s;

    set_up(&s);
    pel_probes_finish(s.ps, &rec);
    e = fixture_span(&s.shm, 0);
    assert_non_null(e);
    assert_int_equal(e->flags, PEL_SPAN_SAMPLED);
    assert_int_equal(e->status, 200);
    assert_int_equal(e->pid, getpid());
    assert_int_equal(e->worker_requests, 1);
    assert_memory_equal(e->stamp_ns, rec.stamp_ns, sizeof(rec.stamp_ns));
    assert_memory_equal(e->trace_id, rec.trace.trace_id, 16);
    assert_memory_equal(e->instance_id, pel_shm_slot(&s.shm, 0)->instance_id, 16);
    assert_str(pel_span_string(e, PEL_SPAN_STR_METHOD), "GET");
    assert_str(pel_span_string(e, PEL_SPAN_STR_PATH), "/orders/17");
    assert_str(pel_span_string(e, PEL_SPAN_STR_ROUTE), "/orders/{id}");
    assert_str(pel_span_string(e, PEL_SPAN_STR_USER_AGENT), "curl/7.88.1");
    assert_str(pel_span_string(e, PEL_SPAN_STR_EXC_STACK), "");
    assert_null(fixture_span(&s.shm, 0));
    tear_down(&s);
}

static void unsampled_is_kept_for_a_reason_only(void **state)
{
    struct pel_record rec = fixture_record(pel_now_ns());
    const struct pel_span_entry *e;
    struct server s;

    set_up(&s);
    rec.trace.flags = 2;
    pel_probes_finish(s.ps, &rec);
    assert_null(fixture_span(&s.shm, 0));

    rec.status = 503;
    pel_probes_finish(s.ps, &rec);
    e = fixture_span(&s.shm, 0);
    assert_non_null(e);
    assert_int_equal(e->flags, PEL_SPAN_FAILED);

    rec.status = 200;
    rec.stamp_ns[PEL_STAMP_LAST_BYTE] += PEL_NS_PER_SEC;
    pel_probes_finish(s.ps, &rec);
    e = fixture_span(&s.shm, 0);
    assert_non_null(e);
    assert_int_equal(e->flags, PEL_SPAN_SLOW);

    rec.stamp_ns[PEL_STAMP_LAST_BYTE] -= PEL_NS_PER_SEC;
    rec.status = 400;
    rec.error = PEL_ERROR_BAD_REQUEST;
    pel_probes_finish(s.ps, &rec);
    assert_null(fixture_span(&s.shm, 0));
    tear_down(&s);
}

static void route_has_its_own_slow(void **state)
{
    struct pel_conf_route route = {.slow_ms = 2, .access_log = true};
    struct pel_record rec = fixture_record(pel_now_ns());
    struct server s;

    set_up(&s);
    rec.trace.flags = 2;
    rec.conf_route = &route;
    pel_probes_finish(s.ps, &rec);
    assert_int_equal(fixture_span(&s.shm, 0)->flags, PEL_SPAN_SLOW);
    tear_down(&s);
}

static void templated_routes_stay_inside(void **state)
{
    struct pel_record rec = fixture_record(pel_now_ns());
    struct server s;

    set_up(&s);
    rec.route_source = PEL_ROUTE_TEMPLATED;
    pel_probes_finish(s.ps, &rec);
    assert_str(pel_span_string(fixture_span(&s.shm, 0), PEL_SPAN_STR_ROUTE), "");
    tear_down(&s);
}

static void long_texts_are_cut_at_the_right_end(void **state)
{
    static char text[20000];
    struct pel_record rec = fixture_record(pel_now_ns());
    const struct pel_span_entry *e;
    struct server s;

    set_up(&s);
    memset(text, 'm', sizeof(text));
    text[0] = 'f';
    text[sizeof(text) - 1] = 'l';
    rec.exc_stack = rec.path = pel_str(text, sizeof(text));
    pel_probes_finish(s.ps, &rec);
    e = fixture_span(&s.shm, 0);
    assert_int_equal(pel_span_string(e, PEL_SPAN_STR_PATH).len, 1024);
    assert_int_equal(pel_span_string(e, PEL_SPAN_STR_PATH).p[0], 'f');
    assert_int_equal(pel_span_string(e, PEL_SPAN_STR_EXC_STACK).len, 8192);
    assert_int_equal(pel_span_string(e, PEL_SPAN_STR_EXC_STACK).p[8191], 'l');
    tear_down(&s);
}

static void full_ring_keeps_room_for_failures(void **state)
{
    struct pel_record rec = fixture_record(pel_now_ns());
    uint64_t n_ordinary;
    struct server s;

    set_up(&s);
    while (fixture_metric(&s.shm, 0, PEL_METRIC_SPANS_DROPPED) == 0)
        pel_probes_finish(s.ps, &rec);
    n_ordinary = fixture_metric(&s.shm, 0, PEL_METRIC_SPANS);
    rec.status = 500;
    for (int i = 0; i < 100; i++)
        pel_probes_finish(s.ps, &rec);
    assert_int_equal(fixture_metric(&s.shm, 0, PEL_METRIC_SPANS), n_ordinary + 100);
    assert_int_equal(fixture_metric(&s.shm, 0, PEL_METRIC_SPANS_DROPPED), 1);
    tear_down(&s);
}

static void observer_is_poked_when_it_sleeps(void **state)
{
    struct pel_record rec = fixture_record(pel_now_ns());
    struct server s;
    uint64_t n;

    set_up(&s);
    pel_probes_finish(s.ps, &rec);
    assert_false(pel_probes_flush(s.ps));
    assert_int_equal(read(s.shm.event_fd, &n, sizeof(n)), -1);

    atomic_store(&s.shm.header->observer_sleeps, PEL_OBSERVER_NAPPING);
    pel_probes_finish(s.ps, &rec);
    pel_probes_flush(s.ps);
    assert_int_equal(read(s.shm.event_fd, &n, sizeof(n)), -1);

    atomic_store(&s.shm.header->observer_sleeps, PEL_OBSERVER_ASLEEP);
    pel_probes_flush(s.ps);
    assert_int_equal(read(s.shm.event_fd, &n, sizeof(n)), -1);
    pel_probes_finish(s.ps, &rec);
    pel_probes_flush(s.ps);
    assert_int_equal(read(s.shm.event_fd, &n, sizeof(n)), sizeof(n));
    assert_int_equal(atomic_load(&s.shm.header->observer_sleeps), PEL_OBSERVER_AWAKE);

    atomic_store(&s.shm.header->observer_sleeps, PEL_OBSERVER_NAPPING);
    for (int i = 0; i < 2000; i++)
        pel_probes_finish(s.ps, &rec);
    pel_probes_flush(s.ps);
    assert_int_equal(read(s.shm.event_fd, &n, sizeof(n)), sizeof(n));
    tear_down(&s);
}

static void access_lines_leave_at_the_flush(void **state)
{
    struct pel_conf_route silent = {.slow_ms = 1000, .access_log = false};
    struct pel_record rec = fixture_record(pel_now_ns());
    char line[4096];
    struct server s;
    int fds[2];
    ssize_t n;

    s.conf = fixture_conf();
    s.shm = fixture_shm(1);
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    start(&s, fds[1]);
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    pel_probes_finish(s.ps, &rec);
    assert_int_equal(read(fds[0], line, sizeof(line)), -1);
    rec.conf_route = &silent;
    pel_probes_finish(s.ps, &rec);
    assert_false(pel_probes_flush(s.ps));
    n = read(fds[0], line, sizeof(line) - 1);
    assert_true(n > 0);
    line[n] = '\0';
    assert_ptr_equal(strchr(line, '\n'), line + n - 1);
    assert_non_null(strstr(line, "\"GET /orders/17?full=1 HTTP/1.1\" 200 1000 "));
    tear_down(&s);
    close(fds[0]);
}

static void successor_starts_with_empty_gauges(void **state)
{
    struct pel_record rec = fixture_record(pel_now_ns());
    uint8_t first_id[16];
    struct server s;

    set_up(&s);
    memcpy(first_id, pel_shm_slot(&s.shm, 0)->instance_id, 16);
    pel_probes_begin(s.ps, &rec);
    pel_metric_add(pel_shm_slot(&s.shm, 0), PEL_METRIC_CONNECTIONS_ACTIVE, 7);
    pel_metric_add(pel_shm_slot(&s.shm, 0), PEL_METRIC_CONNECTIONS, 9);
    pel_probes_stop(s.ps);
    start(&s, -1);
    assert_int_equal(fixture_metric(&s.shm, 0, PEL_METRIC_CONNECTIONS_ACTIVE), 0);
    assert_int_equal(pel_active_sum(pel_shm_slot(&s.shm, 0)), 0);
    assert_int_equal(fixture_metric(&s.shm, 0, PEL_METRIC_CONNECTIONS), 9);
    assert_int_equal(atomic_load(&pel_shm_slot(&s.shm, 0)->inflight[0].start_ns), 0);
    assert_memory_not_equal(first_id, pel_shm_slot(&s.shm, 0)->instance_id, 16);
    tear_down(&s);
}

static void show(void *arg, const struct pel_shm_inflight *request)
{
    assert_string_equal(request->method, "GET");
    ++*(int *)arg;
}

static void death_makes_error_spans(void **state)
{
    uint64_t start_ns = pel_now_ns(), died_ns = start_ns + 5 * PEL_NS_PER_SEC;
    struct pel_record rec = fixture_record(start_ns), done = rec;
    const struct pel_span_entry *e;
    struct server s;
    int n_shown = 0;

    set_up(&s);
    rec.trace.has_parent = true;
    memset(rec.trace.parent_span_id, 0xef, 8);
    pel_probes_begin(s.ps, &done);
    pel_probes_begin(s.ps, &rec);
    pel_probes_app_enter(s.ps, &rec);
    pel_probes_finish(s.ps, &done);
    assert_non_null(fixture_span(&s.shm, 0));

    assert_int_equal(pel_probes_bury(&s.shm, 0, died_ns, -1, show, &n_shown), 1);
    assert_int_equal(n_shown, 1);
    e = fixture_span(&s.shm, 0);
    assert_non_null(e);
    assert_int_equal(e->error, PEL_ERROR_KILLED);
    assert_int_equal(e->status, 0);
    assert_int_equal(e->flags, PEL_SPAN_SAMPLED | PEL_SPAN_FAILED | PEL_SPAN_HAS_PARENT);
    assert_memory_equal(e->parent_span_id, rec.trace.parent_span_id, 8);
    assert_int_equal(e->stamp_ns[PEL_STAMP_FIRST_BYTE], start_ns);
    assert_int_equal(e->stamp_ns[PEL_STAMP_LAST_BYTE], died_ns);
    assert_str(pel_span_string(e, PEL_SPAN_STR_PATH), "/orders/17");
    assert_int_equal(fixture_metric(&s.shm, 0, PEL_METRIC_REQUESTS), 2);
    assert_int_equal(pel_active_sum(pel_shm_slot(&s.shm, 0)), 0);
    assert_int_equal(pel_probes_bury(&s.shm, 0, died_ns, -1, NULL, NULL), 0);
    tear_down(&s);
}

static void lines_on_their_way_survive_death(void **state)
{
    struct pel_record rec = fixture_record(pel_now_ns());
    char line[4096];
    struct server s;
    int fds[2], log_fds[2];
    ssize_t n;

    s.conf = fixture_conf();
    s.shm = fixture_shm(1);
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    assert_int_equal(pipe2(log_fds, O_CLOEXEC), 0);
    start(&s, fds[1]);
    pel_probes_finish(s.ps, &rec);
    pel_probes_bury(&s.shm, 0, pel_now_ns(), log_fds[1], NULL, NULL);
    n = read(log_fds[0], line, sizeof(line));
    assert_true(n > 0);
    assert_int_equal(line[n - 1], '\n');
    assert_int_equal(fcntl(log_fds[1], F_GETFL) & O_NONBLOCK, 0);
    tear_down(&s);
    assert_int_equal(read(fds[0], line, sizeof(line)), 0);
    close(fds[0]);
    close(log_fds[0]);
    close(log_fds[1]);
}

enum { N_THREADS = 4, N_EACH = 5000 };

static void *serve_many(void *arg)
{
    struct server *s = arg;

    for (int i = 0; i < N_EACH; i++) {
        struct pel_record rec = fixture_record(pel_now_ns());

        pel_probes_begin(s->ps, &rec);
        pel_probes_app_enter(s->ps, &rec);
        pel_probes_app_leave(s->ps, &rec);
        pel_probes_finish(s->ps, &rec);
        if (i % 64 == 0)
            pel_probes_flush(s->ps);
    }
    return NULL;
}

static void threads_share_the_probes(void **state)
{
    pthread_t threads[N_THREADS];
    struct pel_shm_slot *slot;
    struct server s;
    uint64_t n_spans;

    s.conf = fixture_conf();
    s.shm = fixture_shm(1);
    start(&s, open("/dev/null", O_WRONLY | O_CLOEXEC));
    slot = pel_shm_slot(&s.shm, 0);
    for (int i = 0; i < N_THREADS; i++)
        pthread_create(&threads[i], NULL, serve_many, &s);
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    n_spans = fixture_metric(&s.shm, 0, PEL_METRIC_SPANS) +
              fixture_metric(&s.shm, 0, PEL_METRIC_SPANS_DROPPED);
    assert_int_equal(fixture_metric(&s.shm, 0, PEL_METRIC_REQUESTS), N_THREADS * N_EACH);
    assert_int_equal(n_spans, N_THREADS * N_EACH);
    assert_int_equal(pel_active_sum(pel_shm_slot(&s.shm, 0)), 0);
    assert_int_equal(atomic_load(&slot->inflight_lost), 0);
    for (size_t i = 0; i < PEL_SHM_INFLIGHT_N; i++)
        assert_int_equal(atomic_load(&slot->inflight[i].start_ns), 0);
    tear_down(&s);
}

static void unwanted_probes_are_off(void **state)
{
    struct pel_record rec = fixture_record(pel_now_ns());
    struct server s;

    s.conf = fixture_conf();
    s.conf.http_access_log = (char *)"off";
    s.conf.admin_bind = (char *)"off";
    s.shm = fixture_shm(1);
    start(&s, open("/dev/null", O_WRONLY | O_CLOEXEC));
    pel_probes_finish(s.ps, &rec);
    assert_null(fixture_span(&s.shm, 0));
    assert_int_equal(fixture_metric(&s.shm, 0, PEL_METRIC_REQUESTS), 0);
    pel_probes_set_access_fd(s.ps, open("/dev/null", O_WRONLY | O_CLOEXEC));
    tear_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_appears_in_flight_and_leaves),
        cmocka_unit_test(span_holds_the_record),
        cmocka_unit_test(unsampled_is_kept_for_a_reason_only),
        cmocka_unit_test(route_has_its_own_slow),
        cmocka_unit_test(templated_routes_stay_inside),
        cmocka_unit_test(long_texts_are_cut_at_the_right_end),
        cmocka_unit_test(full_ring_keeps_room_for_failures),
        cmocka_unit_test(observer_is_poked_when_it_sleeps),
        cmocka_unit_test(access_lines_leave_at_the_flush),
        cmocka_unit_test(successor_starts_with_empty_gauges),
        cmocka_unit_test(death_makes_error_spans),
        cmocka_unit_test(lines_on_their_way_survive_death),
        cmocka_unit_test(threads_share_the_probes),
        cmocka_unit_test(unwanted_probes_are_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
