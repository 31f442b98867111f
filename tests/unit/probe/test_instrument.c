/* The tables of the app's own counters and histograms. */
#include <stdio.h>

#include "fixture.h"
#include "pellucid/instrument.h"

static struct pel_instrument named(const char *name)
{
    struct pel_instrument what = {.kind = PEL_INSTRUMENT_COUNTER, .unit = "By"};

    snprintf(what.name, sizeof(what.name), "%s", name);
    return what;
}

static uint64_t bucket(const struct pel_shm_point *point, size_t i)
{
    return atomic_load(&point->buckets[i]);
}

static void instruments_are_found_again(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_instruments *t = &pel_shm_slot(&shm, 0)->instruments;
    struct pel_instrument a = named("a"), b = named("b"), h = named("a");

    h.kind = PEL_INSTRUMENT_HISTOGRAM;
    assert_int_equal(pel_instrument_find(t, &a), 0);
    assert_int_equal(pel_instrument_find(t, &b), 1);
    assert_int_equal(pel_instrument_find(t, &h), 2);
    h.n_bounds = 1, h.bounds[0] = 2.5;
    assert_int_equal(pel_instrument_find(t, &h), 3);
    assert_int_equal(pel_instrument_find(t, &a), 0);
    pel_shm_close(&shm);
}

static void there_is_no_room_for_more(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_instruments *t = &pel_shm_slot(&shm, 0)->instruments;
    struct pel_instrument what;
    char name[16];

    for (int i = 0; i <= PEL_INSTRUMENT_N; i++) {
        snprintf(name, sizeof(name), "n%d", i);
        what = named(name);
        assert_int_equal(pel_instrument_find(t, &what), i < PEL_INSTRUMENT_N ? i : -1);
    }
    pel_shm_close(&shm);
}

static void values_add_up(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_instruments *t = &pel_shm_slot(&shm, 0)->instruments;
    struct pel_instrument what = {
        .kind = PEL_INSTRUMENT_HISTOGRAM, .name = "h", .n_bounds = 2, .bounds = {1, 2}};
    struct pel_shm_point *point = pel_point_find(t, pel_instrument_find(t, &what), PEL_STR(""));
    static const double values[] = {0.5, 1, 1.5, 2, 2.5, 1e12};

    for (size_t i = 0; i < PEL_ARRAY_LEN(values); i++)
        pel_point_add(point, &what, values[i]);
    assert_true(pel_point_sum(point) == 7.5 + 1e12);
    assert_int_equal(bucket(point, 0), 2); /* bounds are inclusive */
    assert_int_equal(bucket(point, 1), 2);
    assert_int_equal(bucket(point, 2), 2);
    pel_shm_close(&shm);
}

static void points_differ_by_instrument_and_attributes(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_instruments *t = &pel_shm_slot(&shm, 0)->instruments;
    struct pel_shm_point *point = pel_point_find(t, 0, PEL_STR("abc"));

    assert_ptr_equal(pel_point_find(t, 0, PEL_STR("abc")), point);
    assert_ptr_not_equal(pel_point_find(t, 1, PEL_STR("abc")), point);
    assert_ptr_not_equal(pel_point_find(t, 0, PEL_STR("abd")), point);
    assert_ptr_not_equal(pel_point_find(t, 0, PEL_STR("")), point);
    assert_false(pel_point_is_overflow(t, point));
    pel_shm_close(&shm);
}

static void too_many_sets_share_a_point(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_instruments *t = &pel_shm_slot(&shm, 0)->instruments;
    static const char large[PEL_POINT_PACKED_MAX + 1];
    struct pel_shm_point *overflow = pel_point_find(t, 7, pel_str(large, sizeof(large)));
    unsigned n = 0;

    assert_true(pel_point_is_overflow(t, overflow));
    assert_int_equal(overflow->instrument, 7);
    for (unsigned i = 0; i < 20 * PEL_POINT_N; i++) {
        struct pel_str set = pel_str((const char *)&i, sizeof(i));
        struct pel_shm_point *point = pel_point_find(t, 7, set);

        assert_ptr_equal(pel_point_find(t, 7, set), point);
        if (pel_point_is_overflow(t, point))
            assert_ptr_equal(point, overflow);
        else
            n++;
        if (i < 800)
            assert_int_equal(n, i + 1);
    }
    assert_between(n, 900, PEL_POINT_N - PEL_INSTRUMENT_N);
    pel_shm_close(&shm);
}

/* A measurement must not walk through all of a full table: few of its points are read. */
static void a_full_table_is_given_up_soon(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_instruments *t = &pel_shm_slot(&shm, 0)->instruments;
    struct pel_str set = PEL_STR("abc");
    unsigned n_free = 0;

    for (size_t i = PEL_INSTRUMENT_N; i < PEL_POINT_N; i++)
        atomic_store(&t->points[i].is_used, 1);
    assert_true(pel_point_is_overflow(t, pel_point_find(t, 0, set)));
    for (size_t i = PEL_INSTRUMENT_N; i < PEL_POINT_N; i++) {
        atomic_store(&t->points[i].is_used, 0);
        n_free += !pel_point_is_overflow(t, pel_point_find(t, 0, set));
        memset(&t->points[i], 0, sizeof(t->points[i]));
        atomic_store(&t->points[i].is_used, 1);
    }
    assert_int_equal(n_free, 64);
    pel_shm_close(&shm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instruments_are_found_again),
        cmocka_unit_test(there_is_no_room_for_more),
        cmocka_unit_test(values_add_up),
        cmocka_unit_test(points_differ_by_instrument_and_attributes),
        cmocka_unit_test(too_many_sets_share_a_point),
        cmocka_unit_test(a_full_table_is_given_up_soon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
