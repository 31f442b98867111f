#include "../check.h"
#include "pellucid/hex.h"

/* Every byte, at every place of a group of four and behind the last group. */
static void digits_are_those_of_printf(void **state)
{
    for (unsigned n = 0; n < 256; n++) {
        uint8_t bytes[7];
        char want[15], got[15];

        for (size_t i = 0; i < sizeof(bytes); i++) {
            bytes[i] = (uint8_t)(n + 37 * i);
            snprintf(want + 2 * i, 3, "%02x", bytes[i]);
        }
        *pel_put_hex(got, bytes, sizeof(bytes)) = '\0';
        assert_string_equal(got, want);
    }
}

static void nothing_gives_nothing(void **state)
{
    char out[1] = {'x'};

    assert_ptr_equal(pel_put_hex(out, (const uint8_t *)"", 0), out);
    assert_int_equal(out[0], 'x');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_are_those_of_printf),
        cmocka_unit_test(nothing_gives_nothing),
    };

    return cmocka_run_group_tests_name("hex", tests, NULL, NULL);
}
