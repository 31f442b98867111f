#include "../check.h"
#include "http/sampling.h"

static struct pel_arena arena;

static int set_up(void **state)
{
    pel_arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    pel_arena_reset(&arena);
    return 0;
}

static struct pel_str of(const char *text)
{
    return pel_str(text, strlen(text));
}

static void check_write(const char *in, uint64_t threshold, const char *want)
{
    struct pel_str out = pel_sampling_write(of(in), threshold, &arena);

    if (!pel_str_eq(out, of(want)))
        fail_msg("%s gave %.*s", in, (int)out.len, out.p);
}

/* The column of precision 4 in "Converting floating-point probability to threshold value". */
static void test_thresholds_of_the_specification(void **state)
{
    static const struct {
        double n;
        const char *want;
    } cases[] = {
        {2, "ot=th:8"},           {3, "ot=th:aaab"},       {4, "ot=th:c"},
        {5, "ot=th:cccd"},        {8, "ot=th:e"},          {10, "ot=th:e666"},
        {16, "ot=th:f"},          {100, "ot=th:fd70a"},    {1000, "ot=th:ffbe77"},
        {10000, "ot=th:fff9724"}, {1e5, "ot=th:ffff583a"}, {1e6, "ot=th:ffffef39"},
    };

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++)
        check_write("", pel_sampling_threshold(1 / cases[i].n), cases[i].want);
    assert_int_equal(pel_sampling_threshold(1.0), 0);
    check_write("", 0, "ot=th:0");
    check_write("ot=th:7;a:b; ;  ", 0x80000000000000, "ot=th:8;a:b");
    check_write("ot=   ;th:7", PEL_THRESHOLD_NONE, "");
}

static void test_thresholds_at_the_ends(void **state)
{
    assert_true(pel_sampling_threshold(0.0) == PEL_THRESHOLD_NONE);
    assert_true(pel_sampling_threshold(1e-300) == 0xffffffffffff00);
    assert_true(pel_sampling_threshold(0x1p-56) == 0xffffffffffff00);
    assert_true(pel_sampling_threshold(0x1p-48) == 0xffffffffffff00);
    assert_true(pel_sampling_threshold(0.9999999) == 0);
    assert_true(pel_sampling_threshold(0.9999) == 0x00070000000000);
}

static void test_members_are_read(void **state)
{
    static const struct {
        const char *in;
        uint64_t threshold, randomness;
        bool has_threshold;
    } cases[] = {
        {"", PEL_THRESHOLD_NONE, 7, false},
        {"a=th:8", PEL_THRESHOLD_NONE, 7, false},
        {"not=th:8", PEL_THRESHOLD_NONE, 7, false},
        {"ot=th:c", 0xc0000000000000, 7, true},
        {"ot=th:0", 0, 7, true},
        {"ot=th:fd70a4", 0xfd70a400000000, 7, true},
        {"a=1, ot=p:8;th:123456789abcde;r:62 ,b=2", 0x123456789abcde, 7, true},
        {"ot=rv:6e6d1a75832a2f", PEL_THRESHOLD_NONE, 0x6e6d1a75832a2f, false},
        {"ot=th:8;rv:00000000000000", 0x80000000000000, 0, true},
        {"ot=th:8,ot=th:c", 0x80000000000000, 7, true},
        {"ot=th:", PEL_THRESHOLD_NONE, 7, true},
        {"ot=th:C", PEL_THRESHOLD_NONE, 7, true},
        {"ot=th:123456789abcdef", PEL_THRESHOLD_NONE, 7, true},
        {"ot=rv:6e6d1a75832a2", PEL_THRESHOLD_NONE, 7, false},
        {"ot=rv:6e6d1a75832a2f0", PEL_THRESHOLD_NONE, 7, false},
        {"ot=rv:6E6D1A75832A2F", PEL_THRESHOLD_NONE, 7, false},
        {"ot=;;th:8;", 0x80000000000000, 7, true},
    };

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        struct pel_sampling s = {.randomness = 7};

        pel_sampling_read(&s, of(cases[i].in));
        if (s.threshold != cases[i].threshold || s.randomness != cases[i].randomness ||
            s.has_threshold != cases[i].has_threshold)
            fail_msg("%s", cases[i].in);
    }
}

/* "Setting values": what others have put there stays. */
static void test_members_are_written(void **state)
{
    const uint64_t half = 0x80000000000000;

    check_write("", PEL_THRESHOLD_NONE, "");
    check_write("a=1", PEL_THRESHOLD_NONE, "a=1");
    check_write("a=1, b=2", half, "ot=th:8,a=1,b=2");
    check_write("a=1,ot=th:c,b=2", half, "ot=th:8,a=1,b=2");
    check_write("a=1,ot=th:c,b=2", PEL_THRESHOLD_NONE, "a=1,b=2");
    check_write("ot=p:8;th:c;r:62,b=2", half, "ot=th:8;p:8;r:62,b=2");
    check_write("ot=rv:6e6d1a75832a2f;th:8;th:4", PEL_THRESHOLD_NONE, "ot=rv:6e6d1a75832a2f");
    check_write("ot=th:8,b=2,ot=th:4", PEL_THRESHOLD_NONE, "b=2");
    check_write("not=1", 0, "ot=th:0,not=1");
}

#define X16 "xxxxxxxxxxxxxxxx"
#define X240 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16

static void test_a_full_member_gets_no_threshold(void **state)
{
    check_write("ot=a:" X240 "12345;th:c", 0x80000000000000, "ot=th:8;a:" X240 "12345");
    check_write("ot=a:" X240 "123456789abcde", 0x80000000000000, "ot=a:" X240 "123456789abcde");
}

#define TEN(n)                                                                                     \
    "a" n "0=1,a" n "1=1,a" n "2=1,a" n "3=1,a" n "4=1,a" n "5=1,a" n "6=1,a" n "7=1,a" n          \
    "8=1,a" n "9=1"

static void test_the_last_of_32_members_makes_room(void **state)
{
    check_write(TEN("a") "," TEN("b") "," TEN("c") ",y=1,z=1", 0,
                "ot=th:0," TEN("a") "," TEN("b") "," TEN("c") ",y=1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thresholds_of_the_specification),
        cmocka_unit_test(test_thresholds_at_the_ends),
        cmocka_unit_test(test_members_are_read),
        cmocka_unit_test(test_members_are_written),
        cmocka_unit_test(test_a_full_member_gets_no_threshold),
        cmocka_unit_test(test_the_last_of_32_members_makes_room),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
