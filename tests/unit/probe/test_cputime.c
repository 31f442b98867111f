#include "fixture.h"
#include "pellucid/cputime.h"

/* Uses at least so much CPU, of this thread. */
static void burn(uint64_t ns)
{
    uint64_t end_ns = pel_clock_ns(CLOCK_THREAD_CPUTIME_ID) + ns;

    while (pel_clock_ns(CLOCK_THREAD_CPUTIME_ID) < end_ns)
        continue;
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){0, ms * 1000000}, NULL);
}

static void short_piece_counts_in_full(void **state)
{
    struct pel_cputime t = {0};
    struct pel_spent spent = {0};
    uint64_t now_ns = pel_now_ns();

    pel_cputime_enter(&t, now_ns);
    pel_cputime_leave(&t, &spent, now_ns, now_ns + 1000);
    pel_cputime_leave(&t, &spent, now_ns + 2000, now_ns + 5000);
    assert_int_equal(spent.cpu_ns, 4000);
    assert_int_equal(spent.cpu_slack_ns, 4000);
    assert_false(pel_cputime_is_known(&spent));
}

/* A thread that rested is looked at when the app begins. */
static void long_piece_is_exact_after_a_pause(void **state)
{
    struct pel_cputime t = {0};
    struct pel_spent spent = {0};
    uint64_t start_ns = pel_now_ns(), before_ns, used_ns;

    pel_cputime_enter(&t, start_ns);
    before_ns = pel_clock_ns(CLOCK_THREAD_CPUTIME_ID);
    burn(10 * PEL_NS_PER_MS);
    pause_ms(20);
    used_ns = pel_clock_ns(CLOCK_THREAD_CPUTIME_ID) - before_ns;
    pel_cputime_leave(&t, &spent, start_ns, pel_now_ns());
    assert_between(spent.cpu_ns, used_ns, used_ns + PEL_NS_PER_MS);
    assert_int_equal(spent.cpu_slack_ns, 0);
    assert_true(pel_cputime_is_known(&spent));
}

static void a_piece_that_goes_on_can_be_looked_at(void **state)
{
    struct pel_cputime t = {0}, before;
    struct pel_spent spent = {0}, end = {0};
    uint64_t start_ns = pel_now_ns();

    pel_cputime_enter(&t, start_ns);
    before = t;
    burn(5 * PEL_NS_PER_MS);
    pel_cputime_peek(&t, &spent, start_ns, pel_now_ns());
    assert_true(pel_cputime_is_known(&spent));
    assert_true(spent.cpu_ns >= 5 * PEL_NS_PER_MS);
    assert_memory_equal(&t, &before, sizeof(t));
    burn(5 * PEL_NS_PER_MS);
    pel_cputime_leave(&t, &end, start_ns, pel_now_ns());
    assert_true(end.cpu_ns >= spent.cpu_ns + 5 * PEL_NS_PER_MS);
}

/* What the thread did between the last look and the beginning may be counted in, and is said. */
static void slack_is_the_time_since_the_last_look(void **state)
{
    struct pel_cputime t = {0};
    struct pel_spent spent = {0};
    uint64_t looked_ns = pel_now_ns(), start_ns, before_ns, used_ns;

    pel_cputime_enter(&t, looked_ns);
    burn(PEL_CPUTIME_LOOK_NS / 2);
    start_ns = pel_now_ns();
    before_ns = pel_clock_ns(CLOCK_THREAD_CPUTIME_ID);
    pel_cputime_enter(&t, start_ns); /* does not look, unless we were interrupted */
    burn(10 * PEL_NS_PER_MS);
    used_ns = pel_clock_ns(CLOCK_THREAD_CPUTIME_ID) - before_ns;
    pause_ms(5);
    pel_cputime_leave(&t, &spent, start_ns, pel_now_ns());
    assert_true(spent.cpu_ns >= used_ns);
    assert_true(spent.cpu_slack_ns <= start_ns - looked_ns);
    assert_true(spent.cpu_ns - spent.cpu_slack_ns <= used_ns + PEL_NS_PER_MS);
}

static void no_more_than_the_wall_time(void **state)
{
    struct pel_cputime t = {0};
    struct pel_spent spent = {0};
    uint64_t start_ns, end_ns;

    burn(5 * PEL_NS_PER_MS); /* unknown to t, which has not looked yet */
    start_ns = pel_now_ns();
    burn(PEL_NS_PER_MS);
    end_ns = pel_now_ns();
    pel_cputime_leave(&t, &spent, start_ns, end_ns);
    assert_int_equal(spent.cpu_ns, end_ns - start_ns);
    assert_int_equal(spent.cpu_slack_ns, end_ns - start_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_piece_counts_in_full),
        cmocka_unit_test(long_piece_is_exact_after_a_pause),
        cmocka_unit_test(a_piece_that_goes_on_can_be_looked_at),
        cmocka_unit_test(slack_is_the_time_since_the_last_look),
        cmocka_unit_test(no_more_than_the_wall_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
