#include <stdbool.h>
#include <string.h>

#include "../check.h"
#include "http/date.h"

/* RFC 9110 5.6.7 */
static void test_format(void **state)
{
    static const struct {
        time_t t;
        const char *want;
    } cases[] = {
        {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
        {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
        {253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char got[PEL_DATE_LEN];

        pel_date_format(got, cases[i].t);
        assert_memory_equal(got, cases[i].want, PEL_DATE_LEN);
    }
}

static void test_now(void **state)
{
    time_t before = time(NULL);
    char now[PEL_DATE_LEN], want[PEL_DATE_LEN];
    bool found = false;

    memcpy(now, pel_date_now(), PEL_DATE_LEN);
    for (time_t t = before - 1; t <= time(NULL); t++) {
        pel_date_format(want, t);
        found |= memcmp(now, want, PEL_DATE_LEN) == 0;
    }
    assert_true(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_now),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
