#include "../check.h"
#include "fixture.h"

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"

static struct fixture fixture;
static struct pel_strings loaded; /* what the fixture frees */

static int set_up(void **state)
{
    fixture_init(&fixture, NULL, NULL);
    loaded = fixture.conf.trace_propagators;
    return 0;
}

static int tear_down(void **state)
{
    fixture.conf.trace_propagators = loaded;
    fixture_fini(&fixture);
    return 0;
}

static char *words[5];

static void propagate(const char *const *names)
{
    size_t n = 0;

    for (; names[n]; n++)
        words[n] = (char *)names[n];
    fixture.conf.trace_propagators = (struct pel_strings){words, n};
}

static struct pel_trace accept(const char *fields)
{
    struct pel_record rec = {.peer = PEL_STR("192.0.2.1")};

    fixture_head(&fixture, "GET / HTTP/1.0", fields);
    pel_trace_accept(&fixture.conf, fixture.head, false, &fixture.arena, &rec);
    return rec.trace;
}

/* Which trace each goes on, and whether sampled; the ratio is 0, so that what is left to us is not.
 */
static void test_formats(void **state)
{
    static const struct {
        const char *fields;
        int first, last; /* byte of the trace id; -1: a new trace */
        int flags;
    } cases[] = {
        {"b3: " TRACE "-" SPAN "-1-05e3ac9a4f6e3b90\r\n", 0x0a, 0x9c, 1},
        {"B3: " TRACE "-" SPAN "-0\r\n", 0x0a, 0x9c, 0},
        {"b3: " TRACE "-" SPAN "-d\r\n", 0x0a, 0x9c, 1},
        {"b3: " TRACE "-" SPAN "\r\n", 0x0a, 0x9c, 0},
        {"b3: 8448eb211c80319c-" SPAN "-1\r\n", 0x00, 0x9c, 1},
        {"b3: 0\r\n", -1, -1, 0},
        {"b3: " TRACE "-" SPAN "-2\r\n", -1, -1, 0},
        {"b3: " TRACE "-" SPAN "-1-05\r\n", -1, -1, 0},
        {"b3: " TRACE "-" SPAN "-1-05e3ac9a4f6e3b90-\r\n", -1, -1, 0},
        {"b3: 0AF7651916CD43DD8448EB211C80319C-" SPAN "-1\r\n", -1, -1, 0},
        {"b3: 0000000000000000-" SPAN "-1\r\n", -1, -1, 0},
        {"b3: " TRACE "-0000000000000000-1\r\n", -1, -1, 0},
        {"b3: " TRACE "0-" SPAN "-1\r\n", -1, -1, 0},
        {"b3:\r\n", -1, -1, 0},
        {"X-B3-TraceId: " TRACE "\r\nX-B3-SpanId: " SPAN "\r\nX-B3-Sampled: 1\r\n", 0x0a, 0x9c, 1},
        {"X-B3-TraceId: " TRACE "\r\nX-B3-SpanId: " SPAN "\r\nX-B3-Sampled: true\r\n", 0x0a, 0x9c,
         1},
        {"X-B3-TraceId: " TRACE "\r\nX-B3-SpanId: " SPAN "\r\nX-B3-Sampled: 0\r\n", 0x0a, 0x9c, 0},
        {"X-B3-TraceId: " TRACE "\r\nX-B3-SpanId: " SPAN "\r\nX-B3-Flags: 1\r\n", 0x0a, 0x9c, 1},
        {"X-B3-TraceId: " TRACE "\r\nX-B3-SpanId: " SPAN "\r\n", 0x0a, 0x9c, 0},
        {"X-B3-TraceId: " TRACE "\r\nX-B3-Sampled: 1\r\n", -1, -1, 0},
        {"X-B3-SpanId: " SPAN "\r\nX-B3-Sampled: 1\r\n", -1, -1, 0},
        {"uber-trace-id: " TRACE ":" SPAN ":0:1\r\n", 0x0a, 0x9c, 1},
        {"uber-trace-id: " TRACE ":" SPAN ":0:03\r\n", 0x0a, 0x9c, 1},
        {"uber-trace-id: " TRACE ":" SPAN ":05e3ac9a4f6e3b90:0\r\n", 0x0a, 0x9c, 0},
        {"uber-trace-id: af7651916cd43dd8448eb211c80319c:b7ad6b71692033:0:1\r\n", 0x0a, 0x9c, 1},
        {"uber-trace-id: " TRACE ":" SPAN ":0\r\n", -1, -1, 0},
        {"uber-trace-id: " TRACE ":" SPAN ":0:1:1\r\n", -1, -1, 0},
        {"uber-trace-id: " TRACE ":" SPAN ":0:001\r\n", -1, -1, 0},
        {"uber-trace-id: 0:" SPAN ":0:1\r\n", -1, -1, 0},
        {"uber-trace-id: " TRACE "::0:1\r\n", -1, -1, 0},
    };

    propagate((const char *const[]){"b3", "b3multi", "jaeger", NULL});
    fixture.conf.trace_ratio = 0.0;
    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        struct pel_trace t = accept(cases[i].fields);
        bool is_new = cases[i].first < 0;

        if (t.has_parent == is_new || t.flags != (is_new ? 2 : cases[i].flags) ||
            (!is_new && (t.trace_id[0] != cases[i].first || t.trace_id[15] != cases[i].last)))
            fail_msg("%s", cases[i].fields);
    }
    fixture.conf.trace_ratio = 1.0;
    assert_int_equal(accept("b3: " TRACE "-" SPAN "\r\n").flags, 1);
    assert_int_equal(accept("b3: " TRACE "-" SPAN "-0\r\n").flags, 0);
}

#define BOTH                                                                                       \
    "traceparent: 00-11111111111111111111111111111111-" SPAN "-00\r\ntracestate: a=1\r\n"          \
    "b3: " TRACE "-" SPAN "-1\r\n"

static void test_order(void **state)
{
    struct pel_trace t;

    propagate((const char *const[]){"b3", "tracecontext", NULL});
    t = accept(BOTH);
    assert_int_equal(t.trace_id[0], 0x0a);
    assert_int_equal(t.state.len, 0);
    propagate((const char *const[]){"tracecontext", "b3", NULL});
    t = accept(BOTH);
    assert_int_equal(t.trace_id[0], 0x11);
    assert_int_equal(t.state.len, 3);
    propagate((const char *const[]){"tracecontext", "baggage", NULL});
    assert_false(accept("b3: " TRACE "-" SPAN "-1\r\n").has_parent);
    propagate((const char *const[]){"b3", "tracecontext", NULL});
    assert_int_equal(accept("b3: x\r\ntraceparent: 00-" TRACE "-" SPAN "-01\r\n").trace_id[0],
                     0x0a);
}

/* Debug goes on with its trace, whichever field says it, and only where that is sampled. */
static void test_debug(void **state)
{
    static const struct {
        const char *fields;
        bool is_debug;
    } cases[] = {
        {"b3: " TRACE "-" SPAN "-d\r\n", true},
        {"b3: " TRACE "-" SPAN "-1\r\n", false},
        {"X-B3-TraceId: " TRACE "\r\nX-B3-SpanId: " SPAN "\r\nX-B3-Flags: 1\r\n", true},
        {"X-B3-TraceId: " TRACE "\r\nX-B3-SpanId: " SPAN "\r\nX-B3-Sampled: 1\r\n", false},
        {"uber-trace-id: " TRACE ":" SPAN ":0:3\r\n", true},
        {"uber-trace-id: " TRACE ":" SPAN ":0:02\r\n", true},
        {"uber-trace-id: " TRACE ":" SPAN ":0:5\r\n", false},
        {"traceparent: 00-" TRACE "-" SPAN "-01\r\nb3: " TRACE "-" SPAN "-d\r\n", true},
        {"traceparent: 00-" TRACE "-" SPAN "-00\r\nb3: " TRACE "-" SPAN "-d\r\n", false},
        {"traceparent: 00-" TRACE "-" SPAN "-01\r\nb3: 1" SPAN "-" SPAN "-d\r\n", false},
        {"traceparent: 00-" TRACE "-" SPAN "-01\r\nb3: 8448eb211c80319c-" SPAN "-d\r\n", false},
        {"b3: d\r\n", false},
    };

    propagate((const char *const[]){"tracecontext", "b3", "b3multi", "jaeger", NULL});
    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++)
        if (accept(cases[i].fields).is_debug != cases[i].is_debug)
            fail_msg("%s", cases[i].fields);
    fixture.conf.trace_parent_based = false;
    assert_true(accept(cases[0].fields).is_debug);
    fixture.conf.trace_ratio = 0.0;
    assert_false(accept(cases[0].fields).is_debug);
    fixture.conf.trace_ratio = 1.0;
    fixture.conf.trace_parent_based = true;
    fixture.conf.trace_trust = PEL_TRUST_NONE;
    assert_false(accept(cases[0].fields).is_debug);
    fixture.conf.trace_trust = PEL_TRUST_ALL;
    propagate((const char *const[]){"tracecontext", NULL});
    assert_false(accept(cases[7].fields).is_debug);
}

struct wanted {
    enum pel_header_id id;
    const char *value;
};

static void check_fields(const struct pel_trace *trace, const struct wanted *wanted, size_t n)
{
    struct pel_header out[PEL_TRACE_OTHERS_MAX];
    char text[PEL_TRACE_OTHERS_LEN];
    uint64_t fields = pel_trace_other_fields(&fixture.conf);

    assert_int_equal(pel_trace_put_others(fields, trace, text, out), n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(out[i].id, wanted[i].id);
        assert_str(out[i].value, wanted[i].value);
    }
}

static void test_fields_for_the_app(void **state)
{
    static const struct wanted sampled[] = {
        {PEL_HEADER_B3, TRACE "-" SPAN "-1"},
        {PEL_HEADER_X_B3_TRACEID, TRACE},
        {PEL_HEADER_X_B3_SPANID, SPAN},
        {PEL_HEADER_X_B3_SAMPLED, "1"},
        {PEL_HEADER_UBER_TRACE_ID, TRACE ":" SPAN ":0:01"},
    };
    static const struct wanted debug[] = {
        {PEL_HEADER_B3, TRACE "-" SPAN "-d"},
        {PEL_HEADER_X_B3_TRACEID, TRACE},
        {PEL_HEADER_X_B3_SPANID, SPAN},
        {PEL_HEADER_X_B3_FLAGS, "1"},
        {PEL_HEADER_UBER_TRACE_ID, TRACE ":" SPAN ":0:03"},
    };
    static const struct wanted unsampled = {PEL_HEADER_UBER_TRACE_ID, TRACE ":" SPAN ":0:00"};
    struct pel_trace t;

    propagate((const char *const[]){"b3", "b3multi", "jaeger", NULL});
    assert_true(pel_trace_other_fields(&fixture.conf) &
                PEL_HEADER_BIT(PEL_HEADER_X_B3_PARENTSPANID));
    t = accept("b3: " TRACE "-" SPAN "-1\r\n");
    memcpy(t.span_id, t.parent_span_id, sizeof(t.span_id));
    check_fields(&t, sampled, PEL_ARRAY_LEN(sampled));
    t.is_debug = true;
    check_fields(&t, debug, PEL_ARRAY_LEN(debug));
    propagate((const char *const[]){"jaeger", NULL});
    t.is_debug = false;
    t.flags = 0;
    check_fields(&t, &unsampled, 1);
    propagate((const char *const[]){"tracecontext", NULL});
    assert_int_equal(pel_trace_other_fields(&fixture.conf), 0);
}

static void test_what_the_app_does_not_see(void **state)
{
    uint64_t w3c = PEL_HEADER_BIT(PEL_HEADER_TRACEPARENT) | PEL_HEADER_BIT(PEL_HEADER_TRACESTATE);
    uint64_t baggage = PEL_HEADER_BIT(PEL_HEADER_BAGGAGE);
    struct pel_trace stranger = {.is_strange = true}, friend = {.is_strange = false};

    propagate((const char *const[]){"tracecontext", "baggage", NULL});
    assert_int_equal(pel_trace_hidden_fields(&fixture.conf), w3c);
    propagate((const char *const[]){"b3", NULL});
    assert_int_equal(pel_trace_hidden_fields(&fixture.conf),
                     PEL_HEADER_BIT(PEL_HEADER_B3) | baggage);
    assert_int_equal(pel_trace_hidden(w3c, &stranger), w3c | baggage);
    assert_int_equal(pel_trace_hidden(w3c, &friend), w3c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_debug),
        cmocka_unit_test(test_fields_for_the_app),
        cmocka_unit_test(test_what_the_app_does_not_see),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
