#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "pellucid/time.h"
#include "supervisor/deadline.h"

static struct pel_deadlines deadlines;
static uv_loop_t loop;
static char order[8];

/* What fires notes its letter. */
struct letter {
    struct pel_deadline deadline;
    char name;
    struct letter *sets, *cancels;
};

static void fire(struct pel_deadline *d)
{
    struct letter *l = PEL_CONTAINER_OF(d, struct letter, deadline);

    assert_false(pel_deadline_is_set(d));
    order[strlen(order)] = l->name;
    if (l->sets)
        pel_deadline_set(&deadlines, &l->sets->deadline, 0);
    if (l->cancels)
        pel_deadline_cancel(&l->cancels->deadline);
}

static void letter_init(struct letter *l, char name)
{
    *l = (struct letter){.name = name};
    pel_deadline_init(&l->deadline, fire);
}

static int start(void **state)
{
    memset(order, 0, sizeof(order));
    assert_int_equal(uv_loop_init(&loop), 0);
    pel_deadlines_init(&deadlines, &loop);
    return 0;
}

static int end(void **state)
{
    pel_deadlines_fini(&deadlines);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    return 0;
}

static void they_fire_in_order_of_time(void **state)
{
    struct letter a, b, c;

    letter_init(&a, 'a'), letter_init(&b, 'b'), letter_init(&c, 'c');
    pel_deadline_set(&deadlines, &c.deadline, 3 * PEL_NS_PER_MS);
    pel_deadline_set(&deadlines, &a.deadline, 1 * PEL_NS_PER_MS);
    pel_deadline_set(&deadlines, &b.deadline, 2 * PEL_NS_PER_MS);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_string_equal(order, "abc");
}

static void setting_again_replaces(void **state)
{
    struct letter a, b;

    letter_init(&a, 'a'), letter_init(&b, 'b');
    pel_deadline_set(&deadlines, &a.deadline, 1 * PEL_NS_PER_MS);
    pel_deadline_set(&deadlines, &b.deadline, 2 * PEL_NS_PER_MS);
    pel_deadline_set(&deadlines, &a.deadline, 4 * PEL_NS_PER_MS);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_string_equal(order, "ba");
}

static void a_cancelled_one_is_silent(void **state)
{
    struct letter a, b;

    letter_init(&a, 'a'), letter_init(&b, 'b');
    pel_deadline_cancel(&a.deadline);
    pel_deadline_set(&deadlines, &a.deadline, PEL_NS_PER_MS);
    pel_deadline_set(&deadlines, &b.deadline, PEL_NS_PER_MS);
    pel_deadline_cancel(&a.deadline);
    assert_false(pel_deadline_is_set(&a.deadline));
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_string_equal(order, "b");
}

static void callbacks_set_and_cancel_others(void **state)
{
    struct letter a, b, c;

    letter_init(&a, 'a'), letter_init(&b, 'b'), letter_init(&c, 'c');
    a.sets = &c;
    a.cancels = &b;
    pel_deadline_set(&deadlines, &a.deadline, 0);
    pel_deadline_set(&deadlines, &b.deadline, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_string_equal(order, "ac");
}

#define ON_LOOP(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_LOOP(they_fire_in_order_of_time),
        ON_LOOP(setting_again_replaces),
        ON_LOOP(a_cancelled_one_is_silent),
        ON_LOOP(callbacks_set_and_cancel_others),
    };

    return cmocka_run_group_tests_name("deadline", tests, NULL, NULL);
}
