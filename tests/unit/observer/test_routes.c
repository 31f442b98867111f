#include "../probe/fixture.h"

#include "observer/routes.h"

static void streams_of_a_route_are_one(void **state)
{
    struct pel_shm shm = fixture_shm(2);
    struct pel_record a = fixture_record(1000), b = a, c = a;
    struct pel_routes rs;

    for (unsigned i = 0; i < 2; i++)
        atomic_store(&pel_shm_slot(&shm, i)->is_used, 1);
    a.spent.gil_wait_ns = 7;
    b.status = 500;
    b.error = PEL_ERROR_APP_EXCEPTION;
    c.method = PEL_STR("POST");
    fixture_count(&shm, 0, &a, PEL_NS_PER_MS);
    fixture_count(&shm, 1, &a, 3 * PEL_NS_PER_MS);
    fixture_count(&shm, 1, &b, PEL_NS_PER_MS);
    fixture_count(&shm, 1, &c, PEL_NS_PER_MS);
    pel_routes_read(&rs, &shm);
    assert_int_equal(rs.n, 2);
    assert_int_equal(rs.items[0].n, 3);
    assert_int_equal(rs.items[0].n_failed, 1);
    assert_int_equal(rs.items[0].classes[2], 2);
    assert_int_equal(rs.items[0].classes[5], 1);
    assert_int_equal(rs.items[0].sum_ns, 5 * PEL_NS_PER_MS);
    assert_int_equal(rs.items[0].response_bytes, 3000);
    assert_int_equal(rs.items[0].gil_wait_ns, 14);
    assert_int_equal(rs.items[1].n, 1);
    assert_ptr_equal(pel_routes_find(&rs, &rs.items[1]), &rs.items[1]);
    pel_routes_fini(&rs);
    pel_shm_close(&shm);
}

static void statuses_beyond_599_are_5xx(void **state)
{
    static const uint16_t statuses[] = {0, 599, 600, 999};
    struct pel_shm shm = fixture_shm(1);
    struct pel_record rec = fixture_record(1000);
    struct pel_routes rs;

    atomic_store(&pel_shm_slot(&shm, 0)->is_used, 1);
    for (size_t i = 0; i < PEL_ARRAY_LEN(statuses); i++) {
        rec.status = statuses[i];
        fixture_count(&shm, 0, &rec, 1);
    }
    pel_routes_read(&rs, &shm);
    assert_int_equal(rs.n, 1);
    assert_int_equal(rs.items[0].classes[0], 1);
    assert_int_equal(rs.items[0].classes[5], 3);
    pel_routes_fini(&rs);
    pel_shm_close(&shm);
}

static void a_new_route_is_not_found_in_an_older_reading(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_record rec = fixture_record(1000);
    struct pel_routes before, now;

    atomic_store(&pel_shm_slot(&shm, 0)->is_used, 1);
    fixture_count(&shm, 0, &rec, 1);
    pel_routes_read(&before, &shm);
    rec.route = PEL_STR_NONE;
    fixture_count(&shm, 0, &rec, 1);
    pel_routes_read(&now, &shm);
    assert_int_equal(now.n, 2);
    assert_ptr_equal(pel_routes_find(&before, &now.items[0]), &before.items[0]);
    assert_null(pel_routes_find(&before, &now.items[1]));
    pel_routes_fini(&before);
    pel_routes_fini(&now);
    pel_shm_close(&shm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_of_a_route_are_one),
        cmocka_unit_test(statuses_beyond_599_are_5xx),
        cmocka_unit_test(a_new_route_is_not_found_in_an_older_reading),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
