#include "../check.h"
#include "conf/type.h"

static const struct {
    const char *text;
    int64_t value; /* -1: refused */
} durations[] = {
    {"10s", 10000},  {"250ms", 250},    {"1.5m", 90000},
    {"2h", 7200000}, {"1d", 86400000},  {"10", 10000},
    {"0.1", 100},    {"0", 0},          {"0s", 0},
    {"10 s", 10000}, {"1.0005s", 1001}, {"10S", 10000},
    {"0.0001s", 0},  {"", -1},          {"s", -1},
    {"-1s", -1},     {"+1s", -1},       {".5s", -1},
    {"1.s", -1},     {"1e3s", -1},      {"0x10", -1},
    {"10sec", -1},   {"10s ", -1},      {" 10s", -1},
    {"10  s", -1},   {"inf", -1},       {"nan", -1},
    {"1m30s", -1},   {"1,5s", -1},      {"9999999999999999999999999s", -1},
};

static const struct {
    const char *text;
    int64_t value;
} sizes[] = {
    {"64KiB", 65536},  {"1MB", 1000000},
    {"1MiB", 1048576}, {"1.5GiB", 1610612736},
    {"512", 512},      {"0", 0},
    {"512B", 512},     {"2kB", 2000},
    {"2KB", 2000},     {"1TiB", INT64_C(1) << 40},
    {"64K", -1},       {"1M", -1},
    {"1 000", -1},     {"KiB", -1},
};

static void durations_are_read(void **state)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(durations); i++) {
        int64_t ms = -1;

        assert_int_equal(pel_duration_parse(durations[i].text, &ms), durations[i].value != -1);
        assert_int_equal(ms, durations[i].value);
    }
}

static void sizes_are_read(void **state)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(sizes); i++) {
        int64_t bytes = -1;

        assert_int_equal(pel_size_parse(sizes[i].text, &bytes), sizes[i].value != -1);
        assert_int_equal(bytes, sizes[i].value);
    }
}

static void many_digits_are_no_trouble(void **state)
{
    char text[2002];
    int64_t ms = 5;

    memset(text, '9', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_false(pel_duration_parse(text, &ms));
    memcpy(text, "0.", 2);
    assert_true(pel_duration_parse(text, &ms));
    assert_int_equal(ms, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_read),
        cmocka_unit_test(sizes_are_read),
        cmocka_unit_test(many_digits_are_no_trouble),
    };

    return cmocka_run_group_tests_name("quantity", tests, NULL, NULL);
}
