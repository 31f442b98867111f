#include <inttypes.h>

#include "../check.h"
#include "fixture.h"
#include "pellucid/time.h"

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

static void test_values(void **state)
{
    static const struct {
        const char *text;
        uint64_t ns;
    } cases[] = {
        {"t=1512379167.574", 1512379167574000000}, /* nginx: "t=${msec}" */
        {"1512379167.574", 1512379167574000000},
        {"1512379167574", 1512379167574000000},      /* Heroku */
        {"t=1512379167574003", 1512379167574003000}, /* Apache: "%t" */
        {"1512379167574.25", 1512379167574250000},
        {"t=1512379167574003.5", 1512379167574003500},
        {"t=1512379167", 1512379167000000000},
        {"1512379167.1234567894", 1512379167123456789},
        {"9999999999.999999999", 9999999999999999999U},
        {"10000000000", 10000000000000000},
        {"", 0},
        {"t=", 0},
        {"t", 0},
        {".", 0},
        {"t=.5", 0},
        {"1512379167.", 0},
        {"1512379167.5x", 0},
        {"1512379167.5.5", 0},
        {"1512379167.123456789012345678901234567890", 1512379167123456789},
        {"-1512379167", 0},
        {"t=t=1512379167", 0},
        {"T=1512379167", 0},
        {"1512379167574003000", 0}, /* nanoseconds: nobody sends them */
        {"99999999999999999999999", 0},
        {"0x5a250a9f", 0},
        {"now", 0},
    };

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        uint64_t ns = pel_proxytime_parse(pel_str(cases[i].text, strlen(cases[i].text)));

        if (ns != cases[i].ns)
            fail_msg("%s gave %" PRIu64, cases[i].text, ns);
    }
}

/* What becomes of a value sent ago_ms before the first byte came. */
static uint64_t resolved(int64_t ago_ms, struct pel_str peer)
{
    struct pel_record rec = {.peer = peer};
    uint64_t wall_ns = pel_wall_ns();
    char fields[64];

    rec.stamp_ns[PEL_STAMP_FIRST_BYTE] = pel_now_ns();
    snprintf(fields, sizeof(fields), "X-Request-Start: t=%llu\r\n",
             (unsigned long long)((wall_ns - (uint64_t)ago_ms * PEL_NS_PER_MS) / PEL_NS_PER_US));
    fixture_head(&fixture, "GET / HTTP/1.0", fields);
    pel_proxytime_resolve(&fixture.conf, fixture.head, false, &rec);
    return rec.proxy_ns;
}

static void test_what_is_believed(void **state)
{
    struct pel_str proxy = PEL_STR("127.0.0.1");
    struct pel_record rec = {.peer = proxy};

    assert_between(resolved(250, proxy), 240 * PEL_NS_PER_MS, 260 * PEL_NS_PER_MS);
    assert_between(resolved(3599000, proxy), 3598 * PEL_NS_PER_SEC, 3600 * PEL_NS_PER_SEC);
    assert_int_equal(resolved(3601000, proxy), 0);
    assert_int_equal(resolved(-1000, proxy), 0);
    assert_int_equal(resolved(250, PEL_STR("192.0.2.1")), 0);
    fixture_head(&fixture, "GET / HTTP/1.0", "");
    pel_proxytime_resolve(&fixture.conf, fixture.head, false, &rec);
    assert_int_equal(rec.proxy_ns, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_what_is_believed),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
