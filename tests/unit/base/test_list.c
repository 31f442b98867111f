#include "../check.h"
#include "pellucid/list.h"

struct item {
    int number;
    struct pel_list link;
};

static int pop(struct pel_list *l)
{
    struct pel_list *node = pel_list_pop(l);

    return node ? PEL_CONTAINER_OF(node, struct item, link)->number : -1;
}

static void first_in_first_out(void **state)
{
    struct item items[3] = {{.number = 0}, {.number = 1}, {.number = 2}};
    struct pel_list l;

    pel_list_init(&l);
    assert_true(pel_list_is_empty(&l));
    for (int i = 0; i < 3; i++)
        pel_list_push_tail(&l, &items[i].link);
    assert_false(pel_list_is_empty(&l));
    for (int i = 0; i < 3; i++)
        assert_int_equal(pop(&l), i);
    assert_int_equal(pop(&l), -1);
}

static void what_is_removed_is_alone(void **state)
{
    struct item items[3] = {{.number = 0}, {.number = 1}, {.number = 2}};
    struct pel_list l, other;

    pel_list_init(&l);
    pel_list_init(&other);
    for (int i = 0; i < 3; i++)
        pel_list_push_tail(&l, &items[i].link);
    pel_list_remove(&items[1].link);
    pel_list_remove(&items[1].link);
    assert_true(pel_list_is_empty(&items[1].link));
    pel_list_push_tail(&other, &items[1].link);
    assert_int_equal(pop(&l), 0);
    assert_int_equal(pop(&l), 2);
    assert_int_equal(pop(&other), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_in_first_out),
        cmocka_unit_test(what_is_removed_is_alone),
    };

    return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
