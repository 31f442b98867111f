#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../check.h"
#include "fixture.h"
#include "http/random.h"

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"
#define PARENT "00-" TRACE "-" SPAN "-01"

static struct fixture fixture;

static int set_up(void **state)
{
    fixture_init(&fixture, NULL, NULL);
    return 0;
}

static int tear_down(void **state)
{
    fixture_fini(&fixture);
    return 0;
}

static struct pel_trace accept_with(const struct pel_conf_route *route, const char *fields)
{
    struct pel_record rec = {.peer = PEL_STR("192.0.2.1"), .conf_route = route};

    fixture_head(&fixture, "GET / HTTP/1.0", fields);
    pel_trace_accept(&fixture.conf, fixture.head, false, &fixture.arena, &rec);
    return rec.trace;
}

static struct pel_trace accept(const char *fields)
{
    return accept_with(NULL, fields);
}

/* W3C Trace Context Level 2, 3.2: what continues the trace, and with which flags. */
static void test_good_parents(void **state)
{
    static const struct {
        const char *fields;
        int flags;
    } cases[] = {
        {"traceparent: " PARENT "\r\n", 1},
        {"TraceParent: \t" PARENT " \r\n", 1},
        {"traceparent: 00-" TRACE "-" SPAN "-00\r\n", 0},
        {"traceparent: 00-" TRACE "-" SPAN "-03\r\n", 3},
        {"traceparent: 00-" TRACE "-" SPAN "-02\r\n", 2},
        {"traceparent: 00-" TRACE "-" SPAN "-ff\r\n", 3},
        {"traceparent: cc-" TRACE "-" SPAN "-01\r\n", 1},
        {"traceparent: cc-" TRACE "-" SPAN "-01-what-the-future-will-be\r\n", 1},
        {"traceparent: 01-" TRACE "-" SPAN "-01-\r\n", 1},
    };

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        struct pel_trace t = accept(cases[i].fields);
        char text[PEL_TRACEPARENT_LEN];

        assert_true(t.has_parent);
        assert_int_equal(t.flags, cases[i].flags);
        pel_trace_format(&t, text);
        assert_memory_equal(text, "00-" TRACE "-", 36);
        assert_memory_not_equal(text + 36, SPAN, 16);
        assert_int_equal(t.parent_span_id[0], 0xb7);
        assert_int_equal(t.parent_span_id[7], 0x31);
        assert_int_equal(text[54], '0' + cases[i].flags);
    }
}

static void test_bad_parents(void **state)
{
    static const char *const cases[] = {
        "",
        "tracestate: a=1\r\n",
        "traceparent:\r\n",
        "traceparent: nonsense\r\n",
        "traceparent: 00-" TRACE "-" SPAN "\r\n",
        "traceparent: 00-" TRACE "-" SPAN "-0\r\n",
        "traceparent: 00-" TRACE "-" SPAN "-0x\r\n",
        "traceparent: 00-" TRACE "-" SPAN "-0A\r\n",
        "traceparent: 00-" TRACE "-" SPAN "-01-\r\n",
        "traceparent: 00-" TRACE "-" SPAN "-01-more\r\n",
        "traceparent: 00-" TRACE "-" SPAN "-01.\r\n",
        "traceparent: 00-" TRACE "-" SPAN "-01, " PARENT "\r\n",
        "traceparent: cc-" TRACE "-" SPAN "-01.more\r\n",
        "traceparent: ff-" TRACE "-" SPAN "-01\r\n",
        "traceparent: ff-" TRACE "-" SPAN "-01-more\r\n",
        "traceparent: .0-" TRACE "-" SPAN "-01\r\n",
        "traceparent: 0-" TRACE "-" SPAN "-010\r\n",
        "traceparent: 000" TRACE "-" SPAN "-01\r\n",
        "traceparent: 00_" TRACE "-" SPAN "-01\r\n",
        "traceparent: 00-" TRACE "_" SPAN "-01\r\n",
        "traceparent: 00-" TRACE "-" SPAN "_01\r\n",
        "traceparent: 00-00000000000000000000000000000000-" SPAN "-01\r\n",
        "traceparent: 00-" TRACE "-0000000000000000-01\r\n",
        "traceparent: 00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01\r\n",
        "traceparent: 00-" TRACE "-B7AD6B7169203331-01\r\n",
        "traceparent: 00-.af7651916cd43dd8448eb211c80319c-" SPAN "-01\r\n",
        "traceparent: 00-0af7651916cd43dd8448eb211c8031-9c" SPAN "-01\r\n",
        "traceparent: " PARENT "\r\ntraceparent: " PARENT "\r\n",
        "traceparent: " PARENT "\r\nTRACEPARENT: 00-" TRACE "-0000000000000001-01\r\n",
        "trace_parent: " PARENT "\r\n",
        "trace-parent: " PARENT "\r\n",
    };
    static const uint8_t zeros[16];

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        char fields[512];
        struct pel_trace t;

        snprintf(fields, sizeof(fields), "%stracestate: a=1\r\n", cases[i]);
        t = accept(fields);
        assert_false(t.has_parent);
        assert_int_equal(t.state.len, 0);
        assert_int_equal(t.flags, 3); /* sampled at ratio 1, and random */
        assert_memory_equal(t.parent_span_id, zeros, 8);
        assert_memory_not_equal(t.trace_id, zeros, 16);
        assert_memory_not_equal(t.span_id, zeros, 8);
        assert_int_not_equal(t.trace_id[0] << 8 | t.trace_id[1], 0x0af7);
    }
}

#define X16 "xxxxxxxxxxxxxxxx"
#define X256 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16
#define TEN(n)                                                                                     \
    "a" n "0=1,a" n "1=1,a" n "2=1,a" n "3=1,a" n "4=1,a" n "5=1,a" n "6=1,a" n "7=1,a" n          \
    "8=1,a" n "9=1"

/* 3.3: lists as they are handed on; "" = dropped, while the trace goes on. */
static void test_states(void **state)
{
    static const struct {
        const char *fields, *want;
    } cases[] = {
        {"tracestate: foo=1\r\n", "foo=1"},
        {"tracestate: foo=1,bar=2\r\n", "foo=1,bar=2"},
        {"tracestate: foo=1\r\ntracestate: bar=2\r\n", "foo=1,bar=2"},
        {"tracestate:\r\ntracestate: bar=2\r\ntracestate:\r\n", "bar=2"},
        {"tracestate: foo=1 \t , \t bar=2, baz=3\r\n", "foo=1 \t , \t bar=2, baz=3"},
        {"tracestate: foo=1,,bar=2,\r\n", "foo=1,,bar=2,"},
        {"tracestate: foo=1,foo=2\r\n", "foo=1,foo=2"},
        {"tracestate: 0a@b-c_d*e/f=!~ x\r\n", "0a@b-c_d*e/f=!~ x"},
        {"tracestate: " X256 "=1\r\n", X256 "=1"},
        {"tracestate: a=" X256 "\r\n", "a=" X256},
        {"tracestate: " TEN("a") "," TEN("b") "," TEN("c") ",y=1,z=2\r\n",
         TEN("a") "," TEN("b") "," TEN("c") ",y=1,z=2"},
        {"tracestate: " TEN("a") "," TEN("b") "," TEN("c") ",x=0,y=1,z=2\r\n", ""},
        {"tracestate: " TEN("a") "," TEN("b") "," TEN("c") ",y=1\r\ntracestate: z=1,x=2\r\n", ""},
        {"tracestate: x" X256 "=1\r\n", ""},
        {"tracestate: a=x" X256 "\r\n", ""},
        {"tracestate: foo\r\n", ""},
        {"tracestate: foo=\r\n", ""},
        {"tracestate: =1\r\n", ""},
        {"tracestate: foo =1\r\n", ""},
        {"tracestate: Foo=1\r\n", ""},
        {"tracestate: @foo=1\r\n", ""},
        {"tracestate: foo.=1\r\n", ""},
        {"tracestate: foo=1=2\r\n", ""},
        {"tracestate: foo=a\tb\r\n", ""},
        {"tracestate: foo=\xc3\xa9\r\n", ""},
        {"tracestate: foo=1,bar\r\n", ""},
        {"", ""},
    };

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        char fields[1024];
        struct pel_trace t;

        snprintf(fields, sizeof(fields), "traceparent: " PARENT "\r\n%s", cases[i].fields);
        t = accept(fields);
        assert_true(t.has_parent);
        if (!pel_str_eq(t.state, pel_str(cases[i].want, strlen(cases[i].want))))
            fail_msg("%s gave %.*s", cases[i].fields, (int)t.state.len, t.state.p);
    }
}

static void test_propagators_without_tracecontext(void **state)
{
    struct pel_strings saved = fixture.conf.trace_propagators;
    struct pel_trace t;

    fixture.conf.trace_propagators.n = 0;
    t = accept("traceparent: " PARENT "\r\ntracestate: a=1\r\n");
    fixture.conf.trace_propagators = saved;
    assert_false(t.has_parent);
    assert_int_equal(t.state.len, 0);
    assert_int_not_equal(t.trace_id[0] << 8 | t.trace_id[1], 0x0af7);
}

static struct pel_trace accept_from(struct pel_str peer, bool is_unix)
{
    struct pel_record rec = {.peer = peer};

    fixture_head(&fixture, "GET / HTTP/1.0",
                 "traceparent: 00-" TRACE "-" SPAN "-03\r\ntracestate: a=1,ot=th:0\r\n");
    pel_trace_accept(&fixture.conf, fixture.head, is_unix, &fixture.arena, &rec);
    return rec.trace;
}

/* trace.trust: what is not continued becomes a link of a new trace. */
static void test_trust(void **state)
{
    static const struct {
        int trust;
        struct pel_str peer;
        bool is_unix, is_continued;
    } cases[] = {
        {PEL_TRUST_ALL, PEL_STR("192.0.2.1"), false, true},
        {PEL_TRUST_PROXIES, PEL_STR("127.0.0.1"), false, true},
        {PEL_TRUST_PROXIES, PEL_STR(""), true, true},
        {PEL_TRUST_PROXIES, PEL_STR("192.0.2.1"), false, false},
        {PEL_TRUST_NONE, PEL_STR("127.0.0.1"), false, false},
        {PEL_TRUST_NONE, PEL_STR(""), true, false},
    };

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        struct pel_trace t;

        fixture.conf.trace_trust = cases[i].trust;
        t = accept_from(cases[i].peer, cases[i].is_unix);
        assert_int_equal(t.has_parent, cases[i].is_continued);
        assert_int_equal(t.has_link, !cases[i].is_continued);
        assert_int_equal(t.is_strange, !cases[i].is_continued);
        assert_int_equal(t.trace_id[0] == 0x0a && t.trace_id[15] == 0x9c, cases[i].is_continued);
        assert_int_equal(t.flags, 3);
        if (cases[i].is_continued)
            continue;
        assert_int_equal(t.state.len, 0);
        assert_int_equal(t.parent_span_id[0], 0);
        assert_int_equal(t.link.trace_id[0], 0x0a);
        assert_int_equal(t.link.trace_id[15], 0x9c);
        assert_int_equal(t.link.span_id[0], 0xb7);
        assert_int_equal(t.link.flags, 3);
    }
    assert_false(accept("").has_link);
    fixture.conf.trace_trust = PEL_TRUST_ALL;
}

static unsigned count_sampled(const struct pel_conf_route *route, const char *fields)
{
    unsigned n = 0;

    for (unsigned i = 0; i < 20000; i++)
        n += accept_with(route, fields).flags & 1;
    return n;
}

static void test_ratio(void **state)
{
    struct pel_conf_route route = {.trace_ratio = -1};

    fixture.conf.trace_ratio = 0.25;
    assert_between(count_sampled(NULL, ""), 4600, 5400);
    assert_between(count_sampled(&route, ""), 4600, 5400);
    route.trace_ratio = 0.0;
    assert_int_equal(count_sampled(&route, ""), 0);
    route.trace_ratio = 1.0;
    assert_int_equal(count_sampled(&route, ""), 20000);
    fixture.conf.trace_ratio = 1.0;
}

/* Parent-based: the ratio has no say. */
static void test_parent_decides(void **state)
{
    fixture.conf.trace_ratio = 0.0;
    assert_int_equal(count_sampled(NULL, "traceparent: " PARENT "\r\n"), 20000);
    fixture.conf.trace_ratio = 1.0;
    assert_int_equal(count_sampled(NULL, "traceparent: 00-" TRACE "-" SPAN "-00\r\n"), 0);
}

/* trace.parent_based = false: the trace goes on, but the ratio decides. */
static void test_parent_is_overruled(void **state)
{
    fixture.conf.trace_parent_based = false;
    fixture.conf.trace_ratio = 0.0;
    assert_int_equal(count_sampled(NULL, "traceparent: " PARENT "\r\n"), 0);
    fixture.conf.trace_ratio = 1.0;
    assert_int_equal(accept("traceparent: 00-" TRACE "-" SPAN "-02\r\n").flags, 3);
    assert_true(accept("traceparent: 00-" TRACE "-" SPAN "-00\r\n").has_parent);
    fixture.conf.trace_parent_based = true;
}

/* A trace whose last 56 bits are those of the published example of "rv". */
#define WITH_R "traceparent: 00-0af7651916cd43dd846e6d1a75832a2f-" SPAN

static void check_decision(const char *fields, int flags, const char *state)
{
    struct pel_trace t = accept(fields);

    if (t.flags != flags || !pel_str_eq(t.state, pel_str(state, strlen(state))))
        fail_msg("%s gave %d %.*s", fields, t.flags, (int)t.state.len, t.state.p);
}

/* OpenTelemetry's example: the random value 0x6e6d1a75832a2f is kept from 56.9 % on. */
static void test_probability_of_our_own_decision(void **state)
{
    fixture.conf.trace_parent_based = false;
    fixture.conf.trace_ratio = 0.57;
    check_decision(WITH_R "-00\r\n", 1, "ot=th:6e14");
    check_decision(WITH_R "-00\r\ntracestate: a=1,ot=th:c;k:1\r\n", 1, "ot=th:6e14;k:1,a=1");
    check_decision(WITH_R "-01\r\ntracestate: ot=rv:6e13ffffffffff\r\n", 0, "ot=rv:6e13ffffffffff");
    fixture.conf.trace_ratio = 0.56;
    check_decision(WITH_R "-01\r\ntracestate: ot=th:0,a=1\r\n", 0, "a=1");
    check_decision(WITH_R "-01\r\n", 0, "");
    check_decision(WITH_R "-02\r\ntracestate: ot=rv:ffffffffffffff\r\n", 3,
                   "ot=th:70a4;rv:ffffffffffffff");
    fixture.conf.trace_ratio = 1.0;
    check_decision(WITH_R "-00\r\ntracestate: ot=th:c\r\n", 1, "ot=th:0");
    check_decision(WITH_R "-00\r\n", 1, "");
    fixture.conf.trace_parent_based = true;
}

static void test_probability_of_a_parents_decision(void **state)
{
    fixture.conf.trace_ratio = 0.5;
    check_decision(WITH_R "-01\r\ntracestate: a=1, ot=th:6\r\n", 1, "a=1, ot=th:6");
    check_decision(WITH_R "-01\r\ntracestate: a=1, ot=th:7;k:1\r\n", 1, "ot=k:1,a=1");
    check_decision(WITH_R "-01\r\ntracestate: ot=th:nonsense\r\n", 1, "");
    check_decision(WITH_R "-00\r\ntracestate: ot=th:nonsense\r\n", 0, "");
    check_decision(WITH_R "-00\r\ntracestate: ot=th:7\r\n", 0, "ot=th:7");
    check_decision(WITH_R "-00\r\ntracestate: ot=th:6\r\n", 0, "");
    check_decision(WITH_R "-01\r\ntracestate: ot=th:7;rv:70000000000000\r\n", 1,
                   "ot=th:7;rv:70000000000000");
    check_decision(WITH_R "-01\r\ntracestate: ot=rv:00000000000000\r\n", 1, "ot=rv:00000000000000");
    fixture.conf.trace_ratio = 1.0;
}

static void test_probability_of_a_new_trace(void **state)
{
    fixture.conf.trace_ratio = 0.25;
    for (unsigned i = 0; i < 1000; i++) {
        struct pel_trace t = accept("");
        bool is_sampled = t.flags & 1;

        assert_int_equal(t.flags, is_sampled ? 3 : 2);
        assert_int_equal(is_sampled, t.trace_id[9] >= 0xc0);
        assert_true(pel_str_eq(t.state, is_sampled ? PEL_STR("ot=th:c") : PEL_STR("")));
    }
    fixture.conf.trace_ratio = 1.0;
}

static void *draw_in_thread(void *out)
{
    *(uint64_t *)out = pel_random_next();
    return NULL;
}

static void test_threads_differ(void **state)
{
    uint64_t drawn[8];
    pthread_t threads[8];

    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, draw_in_thread, &drawn[i]), 0);
    for (size_t i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < 8; i++) {
        for (size_t j = 0; j < i; j++)
            assert_true(drawn[i] != drawn[j]);
    }
}

/* Workers are forked from one template: their ids must not be the same. */
static void test_forks_differ(void **state)
{
    uint64_t drawn[3];
    int fds[2];

    pel_random_next();
    assert_int_equal(pipe(fds), 0);
    for (int i = 0; i < 2; i++) {
        if (fork() == 0) {
            uint64_t mine = pel_random_next();

            _exit(write(fds[1], &mine, sizeof(mine)) != sizeof(mine));
        }
    }
    assert_int_equal(read(fds[0], &drawn[0], sizeof(drawn[0])), sizeof(drawn[0]));
    assert_int_equal(read(fds[0], &drawn[1], sizeof(drawn[1])), sizeof(drawn[1]));
    drawn[2] = pel_random_next();
    assert_true(drawn[0] != drawn[1] && drawn[1] != drawn[2] && drawn[0] != drawn[2]);
    while (wait(NULL) > 0)
        ;
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_parents),
        cmocka_unit_test(test_bad_parents),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_propagators_without_tracecontext),
        cmocka_unit_test(test_trust),
        cmocka_unit_test(test_ratio),
        cmocka_unit_test(test_parent_decides),
        cmocka_unit_test(test_parent_is_overruled),
        cmocka_unit_test(test_probability_of_our_own_decision),
        cmocka_unit_test(test_probability_of_a_parents_decision),
        cmocka_unit_test(test_probability_of_a_new_trace),
        cmocka_unit_test(test_threads_differ),
        cmocka_unit_test(test_forks_differ),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
