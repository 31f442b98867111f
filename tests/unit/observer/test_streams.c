#include <stdio.h>

#include "../probe/fixture.h"

#include "observer/streams.h"

static struct pel_shm started_shm(unsigned n_slots)
{
    struct pel_shm shm = fixture_shm(n_slots);

    for (unsigned i = 0; i < n_slots; i++)
        atomic_store(&pel_shm_slot(&shm, i)->is_used, 1);
    return shm;
}

static void equal_streams_of_slots_are_one(void **state)
{
    struct pel_record a = fixture_record(1000), b = a;
    struct pel_shm shm = started_shm(3);
    struct pel_streams ss;

    b.status = 404;
    fixture_count(&shm, 0, &a, PEL_NS_PER_MS);
    fixture_count(&shm, 1, &b, PEL_NS_PER_MS);
    fixture_count(&shm, 2, &b, 3 * PEL_NS_PER_MS);
    fixture_count(&shm, 2, &a, 60 * PEL_NS_PER_MS);
    pel_streams_read(&ss, &shm, false);
    assert_int_equal(ss.n, 2);
    assert_int_equal(ss.items[0].key->status, 200);
    assert_int_equal(ss.items[0].sum_ns, 61 * PEL_NS_PER_MS);
    assert_int_equal(ss.items[0].buckets[0], 1);
    assert_int_equal(ss.items[0].buckets[4], 1);
    assert_int_equal(ss.items[0].response.sum, 2000);
    assert_int_equal(ss.items[0].response.buckets[1], 2);
    assert_int_equal(ss.items[0].request.buckets[0], 2);
    assert_int_equal(ss.items[1].key->status, 404);
    assert_int_equal(ss.items[1].buckets[0], 2);
    pel_streams_fini(&ss);
    pel_shm_close(&shm);
}

static void a_stream_claimed_twice_is_one(void **state)
{
    struct pel_record rec = fixture_record(1000);
    struct pel_shm shm = started_shm(1);
    struct pel_shm_series_table *t = &pel_shm_slot(&shm, 0)->series;
    struct pel_streams ss;

    fixture_count(&shm, 0, &rec, 1);
    memset(t->index, 0, sizeof(t->index)); /* its worker died before it was there */
    fixture_count(&shm, 0, &rec, 1);
    assert_int_equal(atomic_load(&t->n), 2);
    pel_streams_read(&ss, &shm, false);
    assert_int_equal(ss.n, 1);
    assert_int_equal(ss.items[0].buckets[0], 2);
    pel_streams_fini(&ss);
    pel_shm_close(&shm);
}

static void many_streams_and_their_overflow(void **state)
{
    struct pel_shm shm = started_shm(2);
    struct pel_record rec = fixture_record(1000);
    struct pel_streams ss;
    uint64_t n = 0;

    for (unsigned slot = 0; slot < 2; slot++) {
        for (int i = 0; i < PEL_SHM_SERIES_N + 1; i++) {
            char route[16];
            int len = snprintf(route, sizeof(route), "/r/%d", i);

            rec.route = pel_str(route, (size_t)len);
            fixture_count(&shm, slot, &rec, 1);
        }
    }
    pel_streams_read(&ss, &shm, false);
    assert_int_equal(ss.n, PEL_SHM_SERIES_N);
    for (size_t i = 0; i < ss.n; i++) {
        assert_int_equal(ss.items[i].is_overflow, i == PEL_SHM_SERIES_N - 1);
        n += ss.items[i].buckets[0];
    }
    assert_int_equal(n, 2 * (PEL_SHM_SERIES_N + 1));
    pel_streams_fini(&ss);
    pel_shm_close(&shm);
}

static void slots_that_were_never_used_are_left_alone(void **state)
{
    struct pel_shm shm = fixture_shm(2);
    struct pel_record rec = fixture_record(1000);
    struct pel_streams ss;

    fixture_count(&shm, 1, &rec, 1);
    pel_streams_read(&ss, &shm, false);
    assert_int_equal(ss.n, 0);
    pel_streams_fini(&ss);
    pel_shm_close(&shm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_streams_of_slots_are_one),
        cmocka_unit_test(a_stream_claimed_twice_is_one),
        cmocka_unit_test(many_streams_and_their_overflow),
        cmocka_unit_test(slots_that_were_never_used_are_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
