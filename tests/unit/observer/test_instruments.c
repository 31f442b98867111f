#include "../probe/fixture.h"

#include "observer/exposition_sink.h"
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

static void measure_with(struct pel_shm_instruments *t, const struct pel_instrument *what,
                         const struct pel_attribute *attributes, size_t n, double value)
{
    char room[PEL_ATTRIBUTE_PACKED_MAX];
    size_t len = 0;

    for (size_t i = 0; i < n; i++)
        len = pel_attribute_put(room, len, &attributes[i]);
    pel_point_add(pel_point_find(t, pel_instrument_find(t, what), pel_str(room, len)), what, value);
}

/* Each line was measured with attributes that are those of the line before to Prometheus. */
static void measure_alike(struct pel_shm_instruments *t, const struct pel_instrument *what)
{
    static const struct pel_attribute sets[][2] = {
        {{.key = PEL_STR("weird.key-1"), .text = PEL_STR("7")}, {.key = PEL_STR("x")}},
        {{.key = PEL_STR("weird_key_1"), .text = PEL_STR("7")}, {.key = PEL_STR("y")}},
        {{.key = PEL_STR("weird_key_1"), .type = PEL_ATTRIBUTE_INT, .integer = 7},
         {.key = PEL_STR("z")}},
        {{.key = PEL_STR("a-b"), .text = PEL_STR("1")},
         {.key = PEL_STR("a.a"), .text = PEL_STR("2")}},
        {{.key = PEL_STR("a.a"), .text = PEL_STR("2")},
         {.key = PEL_STR("a_b"), .text = PEL_STR("1")}},
    };

    for (size_t i = 0; i < PEL_ARRAY_LEN(sets); i++)
        measure_with(t, what, sets[i], PEL_ARRAY_LEN(sets[i]), (double)(1 << i));
    pel_point_add(pel_point_overflow(t, pel_instrument_find(t, what)), what, 100);
}

static void what_is_one_to_prometheus_is_one_sample(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_instrument what = histogram();
    struct pel_exposition_sink shown;
    struct pel_buf out;
    struct pel_exposition e = {.out = &out};

    measure_alike(table(&shm, 0), &what);
    pel_buf_init(&out);
    pel_exposition_sink_init(&shown, &e);
    pel_instruments_collect(&shown.sink, &shm);
    pel_buf_add(&out, "", 1);
    assert_non_null(strstr(out.p, "{weird_key_1=\"7\",le=\"2.5\"} 2\n"));
    assert_non_null(strstr(out.p, "_count{weird_key_1=\"7\"} 3\n"));
    assert_non_null(strstr(out.p, "_sum{weird_key_1=\"7\"} 7\n"));
    assert_non_null(strstr(out.p, "{otel_metric_overflow=\"true\"} 100\n"));
    assert_true(strstr(out.p, "_sum{a_b=\"1\",a_a=\"2\"} 24\n") ||
                strstr(out.p, "_sum{a_a=\"2\",a_b=\"1\"} 24\n"));
    pel_exposition_sink_fini(&shown);
    pel_buf_fini(&out);
    pel_instruments_collect(&sink, &shm);
    assert_int_equal(seen.n_points, 6);
    pel_shm_close(&shm);
}

/* Since a reload the app writes its name in another way, which is the same to Prometheus. */
static void what_is_one_name_to_prometheus_is_one_family(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_instruments *t = table(&shm, 0);
    struct pel_instrument what = histogram(), again = what;
    struct pel_exposition_sink shown;
    struct pel_buf out;
    struct pel_exposition e = {.out = &out};
    const char *type = "# TYPE shop_basket histogram\n", *at;

    memcpy(again.name, "shop_basket", 12);
    measure(t, &what, 3);
    measure(t, &again, 4);
    pel_buf_init(&out);
    pel_exposition_sink_init(&shown, &e);
    pel_instruments_collect(&shown.sink, &shm);
    pel_buf_add(&out, "", 1);
    at = strstr(out.p, type);
    assert_non_null(at);
    assert_null(strstr(at + 1, type));
    assert_non_null(strstr(out.p, "shop_basket_sum 3\n"));
    assert_null(strstr(out.p, "shop_basket_sum 4\n"));
    pel_exposition_sink_fini(&shown);
    pel_buf_fini(&out);
    pel_instruments_collect(&sink, &shm); /* they are two to OTLP */
    assert_int_equal(seen.n_families, 2);
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
        cmocka_unit_test(what_is_one_to_prometheus_is_one_sample),
        cmocka_unit_test(what_is_one_name_to_prometheus_is_one_family),
        cmocka_unit_test(nonsense_is_left_out_or_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
