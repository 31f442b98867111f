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

static void test_uuid(void **state)
{
    static const uint8_t id[16] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0x4d, 0xef,
                                   0x80, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07};
    char room[PEL_UUID_LEN + 1];

    *pel_put_uuid(room, id) = '\0';
    assert_string_equal(room, "01234567-89ab-4def-8001-020304050607");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number),
        cmocka_unit_test(test_ms),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_uuid),
    };
    return cmocka_run_group_tests_name("put", tests, NULL, NULL);
}
