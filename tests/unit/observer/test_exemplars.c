#include "../probe/fixture.h"

#include "observer/exemplars.h"
#include "observer/exposition_sink.h"
#include "observer/http_metrics.h"

#define WALL_NS (1700000000 * PEL_NS_PER_SEC)

struct fixture {
    struct pel_shm shm;
    struct pel_exemplars exemplars;
    struct pel_buf out;
};

static void begin(struct fixture *f)
{
    f->shm = fixture_shm(1);
    atomic_store(&pel_shm_slot(&f->shm, 0)->is_used, 1);
    pel_exemplars_init(&f->exemplars);
    pel_buf_init(&f->out);
}

static void end(struct fixture *f)
{
    pel_buf_fini(&f->out);
    pel_exemplars_fini(&f->exemplars);
    pel_shm_close(&f->shm);
}

/* A request of ns that is counted, and whose span the observer sees; byte: of its trace id. */
static void serve(struct fixture *f, struct pel_record rec, uint64_t ns, int byte)
{
    struct pel_span_worker worker = {.pid = 1};

    memset(rec.trace.trace_id, byte, sizeof(rec.trace.trace_id));
    pel_record_stamp(&rec, PEL_STAMP_LAST_BYTE, rec.stamp_ns[PEL_STAMP_FIRST_BYTE] + ns);
    fixture_count(&f->shm, 0, &rec, ns);
    assert_true(pel_span_write(&pel_shm_slot(&f->shm, 0)->ring, &rec, &worker, PEL_SPAN_SAMPLED));
    pel_exemplars_add(&f->exemplars, fixture_span(&f->shm, 0), WALL_NS);
}

static const char *exposed(struct fixture *f, bool is_openmetrics)
{
    struct pel_exposition e = {.out = &f->out, .is_openmetrics = is_openmetrics};
    struct pel_exposition_sink sink;

    pel_buf_clear(&f->out);
    pel_exposition_sink_init(&sink, &e);
    pel_http_metrics_collect(&sink.sink, &f->shm, &f->exemplars);
    pel_exposition_sink_fini(&sink);
    pel_buf_add(&f->out, "", 1);
    return f->out.p;
}

static void a_bucket_has_its_last_request(void **state)
{
    struct pel_record rec = fixture_record(1000);
    struct fixture f;
    const char *text;

    begin(&f);
    serve(&f, rec, 3 * PEL_NS_PER_MS, 0x11);
    serve(&f, rec, 4 * PEL_NS_PER_MS, 0x22);
    serve(&f, rec, 60 * PEL_NS_PER_MS, 0x33);
    text = exposed(&f, true);
    assert_non_null(strstr(text,
                           "le=\"0.005\"} 2 # {trace_id=\"22222222222222222222222222222222\","
                           "span_id=\"cdcdcdcdcdcdcdcd\"} 0.004000000 1700000000.004001000\n"));
    assert_non_null(strstr(text, "le=\"0.01\"} 2\n"));
    assert_non_null(
        strstr(text, "le=\"0.075\"} 3 # {trace_id=\"33333333333333333333333333333333\""));
    assert_null(strstr(text, "11111111"));
    assert_null(strstr(exposed(&f, false), "trace_id"));
    end(&f);
}

static void streams_have_exemplars_of_their_own(void **state)
{
    struct pel_record a = fixture_record(1000), b = a, c = a;
    struct fixture f;
    const struct pel_shm_series_table *t;

    begin(&f);
    b.status = 500;
    c.route = PEL_STR("/a/route/that/is/longer/than/a/stream/can/hold/and/is/therefore/cut/to/the/"
                      "length/of/its/field/in/the/table/of/streams/of/a/worker/{id}");
    c.method = PEL_STR("BREW");
    serve(&f, a, PEL_NS_PER_MS, 1);
    serve(&f, b, PEL_NS_PER_MS, 2);
    serve(&f, c, PEL_NS_PER_MS, 3);
    t = &pel_shm_slot(&f.shm, 0)->series;
    for (size_t i = 0; i < 3; i++) {
        const struct pel_exemplar *found = pel_exemplars_find(&f.exemplars, &t->items[i]);

        assert_non_null(found);
        assert_int_equal(found[0].trace_id[0], i + 1);
        assert_int_equal(found[1].wall_ns, 0);
    }
    a.status = 404;
    fixture_count(&f.shm, 0, &a, 1);
    assert_null(pel_exemplars_find(&f.exemplars, &t->items[3]));
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_has_its_last_request),
        cmocka_unit_test(streams_have_exemplars_of_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
