#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "supervisor/backoff.h"

#define MS PEL_NS_PER_MS
#define SEC PEL_NS_PER_SEC

static void pauses_double_up_to_half_a_minute(void **state)
{
    static const uint64_t want_ms[] = {0,    100,  200,   400,   800,   1600,
                                       3200, 6400, 12800, 25600, 30000, 30000};
    struct pel_backoff b = {.deaths = 0};
    uint64_t now = 1000 * SEC;

    for (size_t i = 0; i < PEL_ARRAY_LEN(want_ms); i++)
        assert_int_equal(pel_backoff_next(&b, now += SEC, 10 * MS), want_ms[i] * MS);
    assert_int_equal(b.deaths, PEL_ARRAY_LEN(want_ms));
    assert_int_equal(b.first_ns, 1001 * SEC - 10 * MS);
}

static void a_long_life_begins_a_new_row(void **state)
{
    struct pel_backoff b = {.deaths = 0};

    pel_backoff_next(&b, 100 * SEC, 0);
    pel_backoff_next(&b, 101 * SEC, 0);
    assert_int_equal(pel_backoff_next(&b, 200 * SEC, PEL_BACKOFF_HEALTHY_NS), 0);
    assert_int_equal(b.deaths, 1);
    assert_int_equal(b.first_ns, 200 * SEC - PEL_BACKOFF_HEALTHY_NS);
    assert_int_equal(pel_backoff_next(&b, 201 * SEC, PEL_BACKOFF_HEALTHY_NS - 1), 100 * MS);
}

static void any_number_of_deaths_is_survived(void **state)
{
    struct pel_backoff b = {.deaths = UINT32_MAX - 1};

    assert_int_equal(pel_backoff_next(&b, SEC, 0), PEL_BACKOFF_MAX_NS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_double_up_to_half_a_minute),
        cmocka_unit_test(a_long_life_begins_a_new_row),
        cmocka_unit_test(any_number_of_deaths_is_survived),
    };

    return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
