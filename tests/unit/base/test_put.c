#include "../check.h"
#include "pellucid/put.h"

static void assert_number(uint64_t n, const char *want)
{
    char room[PEL_NUMBER_MAX + 1];

    *pel_put_number(room, n) = '\0';
    assert_string_equal(room, want);
}

static void assert_ms(uint64_t ns, const char *want)
{
    char room[PEL_MS_MAX + 1];

    *pel_put_ms(room, ns) = '\0';
    assert_string_equal(room, want);
}

static void test_number(void **state)
{
    assert_number(0, "0");
    assert_number(10, "10");
    assert_number(987654321, "987654321");
    assert_number(UINT64_MAX, "18446744073709551615");
}

static void test_ms(void **state)
{
    assert_ms(0, "0.000");
    assert_ms(999, "0.000");
    assert_ms(1000, "0.001");
    assert_ms(20999, "0.020");
    assert_ms(1204567890, "1204.567");
    assert_ms(UINT64_MAX, "18446744073709.551");
}

static void test_text(void **state)
{
    char room[] = "....";

    assert_ptr_equal(pel_put(room, PEL_STR_NONE), room);
    assert_ptr_equal(pel_put(room, PEL_STR("ab")), room + 2);
    assert_memory_equal(room, "ab..", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number),
        cmocka_unit_test(test_ms),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests_name("put", tests, NULL, NULL);
}
