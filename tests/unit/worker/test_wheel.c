#include <stdlib.h>

#include "../check.h"
#include "pellucid/time.h"
#include "worker/wheel.h"

#define MS PEL_NS_PER_MS
#define SEC PEL_NS_PER_SEC
#define START (1000 * SEC)
#define TICK (1ULL << 26)

static struct pel_wheel wheel;

static int setup(void **state)
{
    pel_wheel_init(&wheel, START);
    return 0;
}

static void an_empty_wheel_never_wakes(void **state)
{
    assert_null(pel_wheel_pop(&wheel, START + 500 * SEC));
    assert_true(pel_wheel_next_ns(&wheel) == PEL_WHEEL_NEVER);
}

static void what_is_due_comes_out_once(void **state)
{
    struct pel_wheel_entry e;

    pel_wheel_entry_init(&e);
    pel_wheel_set(&wheel, &e, START + SEC);
    assert_null(pel_wheel_pop(&wheel, START + SEC - 1));
    assert_ptr_equal(pel_wheel_pop(&wheel, START + SEC + TICK), &e);
    assert_null(pel_wheel_pop(&wheel, START + 300 * SEC));
}

static void the_wheel_wakes_neither_early_nor_late(void **state)
{
    struct pel_wheel_entry e;

    for (uint64_t ms = 1; ms < 200000; ms = ms * 3 + 1) {
        uint64_t now_ns = START, due_ns = START + ms * MS;

        pel_wheel_init(&wheel, START);
        pel_wheel_entry_init(&e);
        pel_wheel_set(&wheel, &e, due_ns);
        while (!pel_wheel_pop(&wheel, now_ns)) {
            uint64_t next_ns = pel_wheel_next_ns(&wheel);

            assert_true(next_ns > now_ns && next_ns < due_ns + TICK);
            now_ns = next_ns;
        }
        assert_true(now_ns >= due_ns && now_ns < due_ns + TICK);
    }
}

static void a_later_deadline_leaves_the_entry_where_it_is(void **state)
{
    struct pel_wheel_entry e;
    uint64_t tick;

    pel_wheel_entry_init(&e);
    pel_wheel_set(&wheel, &e, START + SEC);
    tick = e.tick;
    pel_wheel_set(&wheel, &e, START + 60 * SEC);
    assert_int_equal(e.tick, tick);
    assert_null(pel_wheel_pop(&wheel, START + 2 * SEC));
    assert_true(e.tick > tick);
    assert_ptr_equal(pel_wheel_pop(&wheel, START + 61 * SEC), &e);
}

static void an_earlier_deadline_moves_it(void **state)
{
    struct pel_wheel_entry e;

    pel_wheel_entry_init(&e);
    pel_wheel_set(&wheel, &e, START + 60 * SEC);
    pel_wheel_set(&wheel, &e, START + SEC);
    assert_ptr_equal(pel_wheel_pop(&wheel, START + SEC + TICK), &e);
}

static void what_came_out_can_be_deferred(void **state)
{
    struct pel_wheel_entry e;

    pel_wheel_entry_init(&e);
    pel_wheel_set(&wheel, &e, START + SEC);
    assert_ptr_equal(pel_wheel_pop(&wheel, START + 2 * SEC), &e);
    pel_wheel_defer(&e, START + 100 * SEC);
    assert_null(pel_wheel_pop(&wheel, START + 99 * SEC));
    assert_ptr_equal(pel_wheel_pop(&wheel, START + 200 * SEC), &e);
}

static void without_a_deadline_it_stays_filed_and_never_comes(void **state)
{
    struct pel_wheel_entry e;

    pel_wheel_entry_init(&e);
    pel_wheel_set(&wheel, &e, START + SEC);
    pel_wheel_defer(&e, PEL_WHEEL_NEVER);
    assert_null(pel_wheel_pop(&wheel, START + 3600 * SEC));
    pel_wheel_defer(&e, START + 3700 * SEC);
    assert_ptr_equal(pel_wheel_pop(&wheel, START + 3800 * SEC), &e);
}

static void what_is_removed_wakes_nobody(void **state)
{
    struct pel_wheel_entry e;

    pel_wheel_entry_init(&e);
    pel_wheel_remove(&wheel, &e);
    pel_wheel_set(&wheel, &e, START + SEC);
    pel_wheel_remove(&wheel, &e);
    assert_true(pel_wheel_next_ns(&wheel) == PEL_WHEEL_NEVER);
    assert_null(pel_wheel_pop(&wheel, START + 10 * SEC));
}

static void idle_connections_share_a_wake_up(void **state)
{
    struct pel_period period = pel_period_of_ms(75000);
    uint64_t first = pel_period_due(&period, START);
    unsigned moments = 1;

    for (uint64_t ms = 0; ms < 10000; ms++) {
        uint64_t due_ns = pel_period_due(&period, START + ms * MS);

        assert_true(due_ns >= START + ms * MS + 75 * SEC);
        assert_true(due_ns <= START + ms * MS + 77 * SEC);
        if (due_ns != first)
            moments++;
        first = due_ns;
    }
    assert_true(moments <= 11);
}

static void short_periods_are_kept_closely(void **state)
{
    struct pel_period period = pel_period_of_ms(200);

    assert_true(pel_period_due(&period, START) - START < 270 * MS);
}

/* Entries with random deadlines, moved at random: each comes out in time, none is lost. */
static void thousands_of_entries_come_in_time(void **state)
{
    enum { N = 3000 };
    struct pel_wheel_entry *entries = calloc(N, sizeof(*entries));
    uint64_t *due_of = calloc(N, sizeof(*due_of));
    uint64_t now_ns = START;
    unsigned left = N;

    srandom(1);
    for (unsigned i = 0; i < N; i++) {
        pel_wheel_entry_init(&entries[i]);
        due_of[i] = now_ns + (uint64_t)(random() % 200000) * MS;
        pel_wheel_set(&wheel, &entries[i], due_of[i]);
    }
    while (left > 0) {
        struct pel_wheel_entry *e, *moved = &entries[random() % N];

        if (atomic_load(&moved->due_ns) != PEL_WHEEL_NEVER) {
            due_of[moved - entries] = now_ns + (uint64_t)(random() % 200000) * MS;
            pel_wheel_set(&wheel, moved, due_of[moved - entries]);
        }
        now_ns += (uint64_t)(random() % 300) * MS;
        while ((e = pel_wheel_pop(&wheel, now_ns))) {
            assert_true(due_of[e - entries] <= now_ns);
            assert_true(due_of[e - entries] + 300 * MS + TICK > now_ns);
            left--;
        }
    }
    for (unsigned i = 0; i < N; i++)
        pel_wheel_remove(&wheel, &entries[i]);
    assert_true(pel_wheel_next_ns(&wheel) == PEL_WHEEL_NEVER);
    free(entries);
    free(due_of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_empty_wheel_never_wakes, setup),
        cmocka_unit_test_setup(what_is_due_comes_out_once, setup),
        cmocka_unit_test_setup(the_wheel_wakes_neither_early_nor_late, setup),
        cmocka_unit_test_setup(a_later_deadline_leaves_the_entry_where_it_is, setup),
        cmocka_unit_test_setup(an_earlier_deadline_moves_it, setup),
        cmocka_unit_test_setup(what_came_out_can_be_deferred, setup),
        cmocka_unit_test_setup(without_a_deadline_it_stays_filed_and_never_comes, setup),
        cmocka_unit_test_setup(what_is_removed_wakes_nobody, setup),
        cmocka_unit_test_setup(idle_connections_share_a_wake_up, setup),
        cmocka_unit_test_setup(short_periods_are_kept_closely, setup),
        cmocka_unit_test_setup(thousands_of_entries_come_in_time, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
