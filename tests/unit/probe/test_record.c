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
    {"its worker died", 0, 0, 20, 0, 0, 100, {20, 0, 0, 80, 0}},
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
        struct pel_record rec = {.queue_ns = cases[i].queue};
        uint64_t phases_ns[PEL_REQUEST_PHASE_N], sum = 0;

        pel_record_stamp(&rec, PEL_STAMP_FIRST_BYTE, 1000);
        pel_record_stamp(&rec, PEL_STAMP_HEAD, at(cases[i].head));
        pel_record_stamp(&rec, PEL_STAMP_BODY, at(cases[i].body));
        pel_record_stamp(&rec, PEL_STAMP_APP_START, at(cases[i].called));
        pel_record_stamp(&rec, PEL_STAMP_APP_END, at(cases[i].app_end));
        pel_record_stamp(&rec, PEL_STAMP_LAST_BYTE, at(cases[i].last));
        pel_record_phases(&rec, phases_ns);
        for (size_t p = 0; p < PEL_REQUEST_PHASE_N; p++) {
            if (phases_ns[p] != cases[i].phases[p])
                fail_msg("%s: %s is %lu ns", cases[i].what, pel_request_phase_texts[p],
                         (unsigned long)phases_ns[p]);
            sum += phases_ns[p];
        }
        assert_int_equal(sum, pel_record_duration_ns(&rec));
    }
}

static void a_request_without_an_end_has_no_phases(void **state)
{
    struct pel_record rec = {.status = 400};
    uint64_t phases_ns[PEL_REQUEST_PHASE_N];

    pel_record_stamp(&rec, PEL_STAMP_FIRST_BYTE, 1000);
    pel_record_stamp(&rec, PEL_STAMP_HEAD, 1010);
    pel_record_phases(&rec, phases_ns);
    for (size_t p = 0; p < PEL_REQUEST_PHASE_N; p++)
        assert_int_equal(phases_ns[p], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phases_add_up_to_the_duration),
        cmocka_unit_test(a_request_without_an_end_has_no_phases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
