#include "fixture.h"
#include "probe/slowest.h"

#define MINUTE PEL_SLOWEST_MINUTE_NS

static void three_longest_of_the_minute_raise_the_mark(void **state)
{
    struct pel_slowest *s = calloc(1, sizeof(*s));
    static const struct {
        uint64_t ns;
        bool is_candidate;
    } cases[] = {{50, true}, {10, true},  {30, true},  {9, false},  {10, false},
                 {11, true}, {11, false}, {100, true}, {30, false}, {31, true}};

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++)
        assert_int_equal(pel_slowest_note(s, 7, 5 * MINUTE + i, cases[i].ns),
                         cases[i].is_candidate);
    assert_true(pel_slowest_note(s, 8, 5 * MINUTE + 20, 1));
    free(s);
}

static void a_new_minute_begins_anew(void **state)
{
    struct pel_slowest *s = calloc(1, sizeof(*s));

    for (int i = 0; i < PEL_SLOWEST_N; i++)
        assert_true(pel_slowest_note(s, 7, 6 * MINUTE - 1, 100));
    assert_false(pel_slowest_note(s, 7, 6 * MINUTE - 1, 5));
    assert_true(pel_slowest_note(s, 7, 6 * MINUTE, 5));
    assert_int_equal(s->minute, 6);
    free(s);
}

static uint32_t next_flags(struct pel_shm *shm)
{
    const struct pel_span_entry *e = fixture_span(shm, 0);

    return e ? e->flags : 0;
}

/* Flagged only what leaves for no other reason; and never at the cost of the important ones. */
static void candidates_are_written_with_their_flag(void **state)
{
    static char *keep[] = {(char *)"slowest", (char *)"timeout"};
    struct pel_shm shm = fixture_shm(1);
    struct pel_conf conf = fixture_conf();
    struct pel_record rec = fixture_record(10 * MINUTE);
    struct pel_probes *ps;

    conf.trace_keep = (struct pel_strings){keep, PEL_ARRAY_LEN(keep)};
    ps = pel_probes_start(&conf, &shm, 0, -1, NULL);
    rec.trace.flags = 2;
    for (int i = 0; i < PEL_SLOWEST_N; i++) {
        pel_probes_finish(ps, &rec);
        assert_int_equal(next_flags(&shm), PEL_SPAN_SLOWEST);
    }
    pel_probes_finish(ps, &rec);
    assert_int_equal(next_flags(&shm), 0);
    rec.error = PEL_ERROR_WRITE_TIMEOUT;
    pel_probes_finish(ps, &rec);
    assert_int_equal(next_flags(&shm), PEL_SPAN_FAILED | PEL_SPAN_TIMED_OUT);
    rec.error = PEL_ERROR_NONE;
    rec.status = 500; /* "error" is not asked for: another stream, so again among the slowest */
    pel_probes_finish(ps, &rec);
    assert_int_equal(next_flags(&shm), PEL_SPAN_FAILED | PEL_SPAN_SLOWEST);
    pel_probes_stop(ps);
    pel_shm_close(&shm);
}

/* The streams they are the slowest of are found, though nobody reads metrics. */
static void spans_alone_are_enough(void **state)
{
    static char *keep[] = {(char *)"slowest"}, *signals[] = {(char *)"traces"};
    struct pel_shm shm = fixture_shm(1);
    struct pel_conf conf = fixture_conf();
    struct pel_record rec = fixture_record(10 * MINUTE);
    struct pel_probes *ps;

    conf.admin_bind = (char *)"off";
    conf.otlp_endpoint = (char *)"http://127.0.0.1:4318";
    conf.otlp_signals = (struct pel_strings){signals, 1};
    conf.trace_keep = (struct pel_strings){keep, 1};
    ps = pel_probes_start(&conf, &shm, 0, -1, NULL);
    rec.trace.flags = 2;
    pel_probes_finish(ps, &rec);
    assert_int_equal(next_flags(&shm), PEL_SPAN_SLOWEST);
    pel_probes_stop(ps);
    pel_shm_close(&shm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_longest_of_the_minute_raise_the_mark),
        cmocka_unit_test(a_new_minute_begins_anew),
        cmocka_unit_test(candidates_are_written_with_their_flag),
        cmocka_unit_test(spans_alone_are_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
