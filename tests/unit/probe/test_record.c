#include "fixture.h"

static const struct {
    const char *what;
    uint64_t head, body, called, queue, app_end, last; /* from the first byte on; 0 = never */
    uint64_t phases[PEL_REQUEST_PHASE_N];
} cases[] = {
    {"all of them", 10, 30, 50, 15, 90, 100, {10, 25, 15, 40, 10}},
    {"no body, nothing waits", 10, 10, 10, 0, 100, 100, {10, 0, 0, 90, 0}},
    {"the body comes while the app runs", 10, 80, 20, 10, 90, 100, {10, 0, 10, 70, 10}},
    {"the response leaves before the app is done", 10, 10, 20, 10, 150, 100, {10, 0, 10, 80, 0}},
    {"refused at the head", 0, 0, 0, 0, 0, 100, {100, 0, 0, 0, 0}},
    {"the body did not come", 10, 0, 0, 0, 0, 100, {10, 90, 0, 0, 0}},
    {"its worker died", 0, 0, 20, 0, 0, 100, {0, 0, 20, 80, 0}},
    {"its worker died before the app was called", 0, 0, 0, 0, 0, 100, {100, 0, 0, 0, 0}},
    {"the queue is said to be longer than it can be",
     10,
     10,
     20,
     500,
     90,
     100,
     {10, 0, 10, 70, 10}},
};

static uint64_t at(uint64_t ns)
{
    return ns ? 1000 + ns : 0;
}

static void phases_add_up_to_the_duration(void **state)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        struct pel_record rec = {.status = 200};
        uint64_t phases_ns[PEL_REQUEST_PHASE_N], sum = 0;

        pel_record_stamp(&rec, PEL_STAMP_FIRST_BYTE, 1000);
        pel_record_stamp(&rec, PEL_STAMP_HEAD, at(cases[i].head));
        pel_record_stamp(&rec, PEL_STAMP_BODY, at(cases[i].body));
        if (cases[i].called && cases[i].head)
            pel_record_stamp(&rec, PEL_STAMP_READY, at(cases[i].called) - cases[i].queue);
        pel_record_stamp(&rec, PEL_STAMP_APP_START, at(cases[i].called));
        pel_record_stamp(&rec, PEL_STAMP_APP_END, at(cases[i].app_end));
        pel_record_stamp(&rec, PEL_STAMP_LAST_BYTE, at(cases[i].last));
        pel_record_phases(&rec, rec.stamp_ns[PEL_STAMP_LAST_BYTE], phases_ns);
        for (size_t p = 0; p < PEL_REQUEST_PHASE_N; p++) {
            if (phases_ns[p] != cases[i].phases[p])
                fail_msg("%s: %s is %lu ns", cases[i].what, pel_request_phase_texts[p],
                         (unsigned long)phases_ns[p]);
            sum += phases_ns[p];
        }
        assert_int_equal(sum, pel_record_duration_ns(&rec));
    }
}

static uint64_t sum_of(const uint64_t phases_ns[PEL_REQUEST_PHASE_N])
{
    uint64_t sum = 0;

    for (size_t p = 0; p < PEL_REQUEST_PHASE_N; p++)
        sum += phases_ns[p];
    return sum;
}

static void waits_for_the_client_are_not_the_apps(void **state)
{
    struct pel_record rec = {.spent = {.body_wait_ns = 5, .write_wait_ns = 7}};
    const uint64_t expected[PEL_REQUEST_PHASE_N] = {0, 5, 10, 28, 7};
    uint64_t phases_ns[PEL_REQUEST_PHASE_N];

    for (int i = PEL_STAMP_FIRST_BYTE; i <= PEL_STAMP_READY; i++)
        pel_record_stamp(&rec, (enum pel_stamp)i, 100);
    pel_record_stamp(&rec, PEL_STAMP_APP_START, 110);
    pel_record_stamp(&rec, PEL_STAMP_APP_END, 150);
    pel_record_phases(&rec, 150, phases_ns);
    assert_memory_equal(phases_ns, expected, sizeof(expected));
    rec.spent.write_wait_ns = UINT64_MAX;
    pel_record_phases(&rec, 150, phases_ns);
    assert_int_equal(phases_ns[PEL_REQUEST_PHASE_APP], 0);
    assert_int_equal(phases_ns[PEL_REQUEST_PHASE_WRITE], 35);
    assert_int_equal(sum_of(phases_ns), 50);
}

static void a_request_under_way_has_phases_so_far(void **state)
{
    static const enum pel_stamp reached[] = {PEL_STAMP_HEAD, PEL_STAMP_READY, PEL_STAMP_APP_START,
                                             PEL_STAMP_APP_END};
    struct pel_record rec = {.status = 0};
    uint64_t phases_ns[PEL_REQUEST_PHASE_N];

    pel_record_stamp(&rec, PEL_STAMP_FIRST_BYTE, 100);
    for (size_t i = 0; i < PEL_REQUEST_PHASE_N; i++) {
        pel_record_phases(&rec, 200, phases_ns);
        assert_int_equal(phases_ns[i], 100 - 10 * i);
        assert_int_equal(sum_of(phases_ns), 100);
        if (i < PEL_ARRAY_LEN(reached))
            pel_record_stamp(&rec, reached[i], 100 + 10 * (i + 1));
    }
}

static void a_request_without_an_end_has_no_phases(void **state)
{
    struct pel_record rec = {.status = 400};
    uint64_t phases_ns[PEL_REQUEST_PHASE_N];

    pel_record_stamp(&rec, PEL_STAMP_FIRST_BYTE, 1000);
    pel_record_stamp(&rec, PEL_STAMP_HEAD, 1010);
    pel_record_phases(&rec, 0, phases_ns);
    for (size_t p = 0; p < PEL_REQUEST_PHASE_N; p++)
        assert_int_equal(phases_ns[p], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phases_add_up_to_the_duration),
        cmocka_unit_test(waits_for_the_client_are_not_the_apps),
        cmocka_unit_test(a_request_under_way_has_phases_so_far),
        cmocka_unit_test(a_request_without_an_end_has_no_phases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
