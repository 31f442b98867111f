#include "../probe/fixture.h"

#include "observer/window.h"

#define S PEL_NS_PER_SEC

struct fixture {
    struct pel_shm shm;
    struct pel_window w;
};

static void begin(struct fixture *f)
{
    f->shm = fixture_shm(1);
    atomic_store(&pel_shm_slot(&f->shm, 0)->is_used, 1);
    f->w = (struct pel_window){.shm = &f->shm};
}

static void end(struct fixture *f)
{
    for (size_t i = 0; i < PEL_WINDOW_READINGS; i++)
        pel_routes_fini(&f->w.readings[i].routes);
    pel_shm_close(&f->shm);
}

static void serve(struct fixture *f)
{
    struct pel_record rec = fixture_record(1000);

    fixture_count(&f->shm, 0, &rec, PEL_NS_PER_MS);
    pel_metric_add(pel_shm_slot(&f->shm, 0), PEL_METRIC_REQUESTS, 1);
}

/* Requests that had been counted at the begin of the window, and when that was. */
static uint64_t base(const struct fixture *f, uint64_t now_ns, uint64_t *since_ns)
{
    const struct pel_routes *rs = pel_window_base(&f->w, now_ns, since_ns);

    return rs->n ? rs->items[0].n : 0;
}

static void a_young_server_has_a_short_window(void **state)
{
    struct fixture f;
    uint64_t since_ns;

    begin(&f);
    pel_window_take(&f.w, 1000 * S);
    serve(&f);
    assert_int_equal(base(&f, 1005 * S, &since_ns), 0);
    assert_int_equal(since_ns, 1000 * S);
    end(&f);
}

static void the_window_is_a_minute_of_a_busy_server(void **state)
{
    struct fixture f;
    uint64_t since_ns;

    begin(&f);
    for (uint64_t i = 0; i < 100; i++) {
        pel_window_take(&f.w, (1000 + 10 * i) * S);
        serve(&f);
    }
    /* The last reading was at 1990 s. */
    assert_int_equal(base(&f, 1995 * S, &since_ns), 93);
    assert_int_equal(since_ns, 1930 * S);
    end(&f);
}

static void an_idle_server_takes_no_readings(void **state)
{
    struct fixture f;
    uint64_t since_ns;

    begin(&f);
    pel_window_take(&f.w, 1000 * S);
    serve(&f);
    for (uint64_t i = 1; i <= 100; i++)
        pel_window_take(&f.w, (1000 + 10 * i) * S);
    assert_int_equal(f.w.n, 2);
    /* Nothing has changed since 1010 s, so that it is known what was a minute ago. */
    assert_int_equal(base(&f, 2005 * S, &since_ns), 1);
    assert_int_equal(since_ns, 1945 * S);
    serve(&f);
    pel_window_take(&f.w, 2010 * S);
    assert_int_equal(base(&f, 2015 * S, &since_ns), 1);
    assert_int_equal(since_ns, 1955 * S);
    assert_int_equal(base(&f, 2065 * S, &since_ns), 1);
    assert_int_equal(since_ns, 2000 * S);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_young_server_has_a_short_window),
        cmocka_unit_test(the_window_is_a_minute_of_a_busy_server),
        cmocka_unit_test(an_idle_server_takes_no_readings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
