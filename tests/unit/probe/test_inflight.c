/* What others see of requests that have begun and not finished. */
#include "fixture.h"

#include "pellucid/inflight.h"

struct server {
    struct pel_conf conf;
    struct pel_shm shm;
    struct pel_probes *ps;
};

static void set_up(struct server *s)
{
    struct pel_err err;

    s->conf = fixture_conf();
    s->shm = fixture_shm(1);
    s->ps = pel_probes_start(&s->conf, &s->shm, 0, -1, &err);
    assert_non_null(s->ps);
}

static void tear_down(struct server *s)
{
    pel_probes_stop(s->ps);
    pel_shm_close(&s->shm);
}

static void active_requests_are_told_by_method_and_scheme(void **state)
{
    struct pel_record get = fixture_record(pel_now_ns()), put = get, brew = get;
    const struct pel_shm_active *active;
    struct server s;

    set_up(&s);
    active = pel_shm_slot(&s.shm, 0)->active;
    put.method = PEL_STR("PUT");
    put.scheme = PEL_STR("https");
    brew.method = PEL_STR("BREW");
    pel_probes_begin(s.ps, &get);
    pel_probes_begin(s.ps, &put);
    pel_probes_begin(s.ps, &brew);
    pel_probes_finish(s.ps, &get);
    assert_int_equal(pel_active_count(&active[2 * pel_method_index(get.method)]), 0);
    assert_int_equal(pel_active_count(&active[2 * pel_method_index(put.method) + 1]), 1);
    assert_int_equal(pel_active_count(&active[PEL_ACTIVE_N - 2]), 1);
    assert_int_equal(pel_active_sum(pel_shm_slot(&s.shm, 0)), 2);
    assert_int_equal(pel_probes_bury(&s.shm, 0, pel_now_ns(), -1, NULL, NULL), 2);
    assert_int_equal(pel_active_sum(pel_shm_slot(&s.shm, 0)), 0);
    assert_int_equal(atomic_load(&active[PEL_ACTIVE_N - 2].begun), 1);
    tear_down(&s);
}

/* What is left of it when its worker has died must not be the name of a known one. */
static void a_long_method_is_cut_to_none_that_is_known(void **state)
{
    struct pel_record rec = fixture_record(pel_now_ns());
    struct pel_shm_series_table *series;
    struct server s;

    set_up(&s);
    series = &pel_shm_slot(&s.shm, 0)->series;
    memcpy(s.shm.header->methods.names[0], "FIFTEEN-LETTERS", 16);
    pel_methods_take(&s.shm.header->methods);
    rec.method = PEL_STR("FIFTEEN-LETTERS-AND-MORE");
    pel_probes_begin(s.ps, &rec);
    assert_int_equal(pel_probes_bury(&s.shm, 0, pel_now_ns(), -1, NULL, NULL), 1);
    assert_str(pel_series_method(&series->items[0]), "_OTHER");
    tear_down(&s);
}

static void phase_and_route_are_shown_in_flight(void **state)
{
    struct pel_record rec = fixture_record(pel_now_ns());
    const struct pel_shm_inflight *e;
    char route[PEL_SHM_INFLIGHT_ROUTE_LEN + 20];
    struct server s;

    set_up(&s);
    rec.route = PEL_STR_NONE;
    pel_probes_begin(s.ps, &rec);
    e = &pel_shm_slot(&s.shm, 0)->inflight[0];
    assert_int_equal(e->route_len, 0);
    assert_int_equal(pel_inflight_phase(e), PEL_REQUEST_PHASE_QUEUE);
    pel_inflight_show_phase(&rec, PEL_REQUEST_PHASE_BODY);
    assert_int_equal(pel_inflight_phase(e), PEL_REQUEST_PHASE_BODY);
    pel_inflight_show_phase(&rec, PEL_REQUEST_PHASE_QUEUE);
    pel_probes_app_enter(s.ps, &rec);
    assert_int_equal(pel_inflight_phase(e), PEL_REQUEST_PHASE_APP);
    pel_inflight_show_phase(&rec, PEL_REQUEST_PHASE_BODY);
    assert_int_equal(pel_inflight_phase(e), PEL_REQUEST_PHASE_BODY);
    pel_inflight_show_phase(&rec, PEL_REQUEST_PHASE_APP);
    assert_int_equal(pel_inflight_phase(e), PEL_REQUEST_PHASE_APP);
    pel_inflight_show_phase(&rec, PEL_REQUEST_PHASE_WRITE);
    assert_int_equal(pel_inflight_phase(e), PEL_REQUEST_PHASE_WRITE);

    pel_inflight_show_route(&rec, PEL_STR("/files/{path}"));
    assert_str(pel_str(e->route, e->route_len), "/files/{path}");
    memset(route, 'r', sizeof(route));
    pel_inflight_show_route(&rec, pel_str(route, sizeof(route)));
    assert_int_equal(e->route_len, PEL_SHM_INFLIGHT_ROUTE_LEN);

    pel_probes_finish(s.ps, &rec);
    pel_inflight_show_phase(&rec, PEL_REQUEST_PHASE_APP);
    pel_inflight_show_route(&rec, PEL_STR("/late"));
    assert_int_equal(e->phase, PEL_REQUEST_PHASE_WRITE);
    assert_int_equal(e->route_len, PEL_SHM_INFLIGHT_ROUTE_LEN);
    rec = fixture_record(pel_now_ns());
    pel_probes_begin(s.ps, &rec);
    assert_int_equal(pel_inflight_phase(e), PEL_REQUEST_PHASE_QUEUE);
    assert_str(pel_str(e->route, e->route_len), "/orders/{id}");
    tear_down(&s);
}

static void full_table_loses_the_entry_not_the_request(void **state)
{
    enum { N = PEL_SHM_INFLIGHT_N + 3 };
    struct pel_record *recs = calloc(N, sizeof(*recs));
    struct server s;

    set_up(&s);
    for (int i = 0; i < N; i++) {
        recs[i] = fixture_record(pel_now_ns());
        pel_probes_begin(s.ps, &recs[i]);
    }
    pel_inflight_show_phase(&recs[N - 1], PEL_REQUEST_PHASE_BODY);
    pel_inflight_show_route(&recs[N - 1], PEL_STR("/nowhere"));
    assert_int_equal(pel_active_sum(pel_shm_slot(&s.shm, 0)), N);
    assert_int_equal(atomic_load(&pel_shm_slot(&s.shm, 0)->inflight_lost), 3);
    for (int i = 0; i < N; i++)
        pel_probes_finish(s.ps, &recs[i]);
    assert_int_equal(pel_active_sum(pel_shm_slot(&s.shm, 0)), 0);
    assert_int_equal(fixture_metric(&s.shm, 0, PEL_METRIC_REQUESTS), N);
    free(recs);
    tear_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(active_requests_are_told_by_method_and_scheme),
        cmocka_unit_test(a_long_method_is_cut_to_none_that_is_known),
        cmocka_unit_test(phase_and_route_are_shown_in_flight),
        cmocka_unit_test(full_table_loses_the_entry_not_the_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
