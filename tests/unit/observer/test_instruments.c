#include "../probe/fixture.h"

#include "observer/instruments.h"
#include "pellucid/instrument.h"

static struct {
    size_t n_families, n_points;
    const struct pel_metric_info *info;
    struct pel_instrument *worker; /* of the table that is being read */
    double sum;
} seen;

static void family(struct pel_sink *sink, const struct pel_metric_info *info)
{
    seen.n_families++;
    seen.info = info;
    /* The worker goes wrong after what it wrote was found sound. */
    memset(seen.worker, 0xff, sizeof(*seen.worker));
}

static void real(struct pel_sink *sink, const struct pel_labels *ls, double value)
{
    seen.n_points++;
    seen.sum += value;
}

static void real_histogram(struct pel_sink *sink, const struct pel_labels *ls,
                           const struct pel_real_histogram *h)
{
    seen.n_points++;
    seen.sum += h->sum;
    assert_int_equal(h->n_bounds, 1);
    assert_true(h->bounds[0] == 2.5);
}

static struct pel_sink sink = {.family = family, .real = real, .real_histogram = real_histogram};

static struct pel_instrument histogram(void)
{
    return (struct pel_instrument){.kind = PEL_INSTRUMENT_HISTOGRAM,
                                   .n_bounds = 1,
                                   .name = "shop.basket",
                                   .unit = "EUR",
                                   .bounds = {2.5}};
}

static struct pel_shm_instruments *table(struct pel_shm *shm, unsigned slot)
{
    memset(&seen, 0, sizeof(seen));
    seen.worker = &pel_shm_slot(shm, slot)->instruments.instruments[0].is;
    atomic_store(&pel_shm_slot(shm, slot)->is_used, 1);
    return &pel_shm_slot(shm, slot)->instruments;
}

static void measure(struct pel_shm_instruments *t, const struct pel_instrument *what, double value)
{
    pel_point_add(pel_point_find(t, pel_instrument_find(t, what), PEL_STR("")), what, value);
}

static void what_workers_measured_is_added_up(void **state)
{
    struct pel_shm shm = fixture_shm(2);
    struct pel_instrument what = histogram();

    measure(table(&shm, 1), &what, 3);
    measure(table(&shm, 0), &what, 4);
    pel_instruments_collect(&sink, &shm);
    assert_int_equal(seen.n_families, 1);
    assert_int_equal(seen.n_points, 1);
    assert_true(seen.sum == 7);
    assert_string_equal(seen.info->name, "shop.basket");
    assert_string_equal(seen.info->unit, "EUR");
    pel_shm_close(&shm);
}

static void nonsense_is_left_out_or_ended(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_instruments *t = table(&shm, 0);
    struct pel_instrument what = histogram();

    measure(t, &what, 3);
    t->instruments[0].is.n_bounds = PEL_INSTRUMENT_BOUNDS_MAX + 1;
    pel_instruments_collect(&sink, &shm);
    assert_int_equal(seen.n_families, 0);
    t->instruments[0].is = what;
    memset(t->instruments[0].is.name, 'n', sizeof(what.name));
    pel_instruments_collect(&sink, &shm);
    assert_int_equal(seen.n_families, 1);
    assert_int_equal(strlen(seen.info->name), sizeof(what.name) - 1);
    pel_shm_close(&shm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_workers_measured_is_added_up),
        cmocka_unit_test(nonsense_is_left_out_or_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
