#include "child.h"

#include "observer/lineage.h"

#define REQUEST 1

static struct pel_span_entry request = {.trace_id = {0}, .span_id = {0}};

/* Adds a span of the trace of request. */
static void add(struct pel_children *c, uint8_t span, uint8_t parent, uint64_t start_ns)
{
    pel_children_add(c, child_of((struct child_ids){0, span, parent}, start_ns, 1000, NULL));
}

/* "span:depth " of each member. */
static const char *shape(const struct pel_lineage *l)
{
    static char text[PEL_LINEAGE_N_MAX * 16];
    int len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < l->n && i < 32; i++)
        len += snprintf(text + len, sizeof(text) - (size_t)len, "%u:%u ",
                        l->members[i].e->span_id[7], l->members[i].depth);
    return text;
}

static int set_up(void **state)
{
    request.span_id[7] = REQUEST;
    return 0;
}

static void members_are_behind_their_parents_by_start(void **state)
{
    struct pel_children c = {0};
    struct pel_lineage l;

    pel_lineage_find(&l, &request, &c, 1);
    assert_int_equal(l.n, 0);
    add(&c, 20, 10, 30);
    add(&c, 21, 10, 20);
    add(&c, 30, 20, 35);
    add(&c, 10, REQUEST, 10);
    add(&c, 11, REQUEST, 5);
    add(&c, 40, 99, 7); /* of another request of the trace */
    pel_lineage_find(&l, &request, &c, 1);
    assert_string_equal(shape(&l), "11:1 10:1 21:2 20:2 30:3 ");
    assert_false(l.is_cut);
    pel_children_fini(&c);
}

static void children_may_end_after_their_parents_and_be_in_other_lists(void **state)
{
    struct pel_children lists[2] = {{0}};
    struct pel_lineage l;

    add(&lists[1], 10, REQUEST, 10);
    add(&lists[1], 20, 10, 20);
    add(&lists[0], 30, 20, 30);
    add(&lists[1], 40, 30, 40);
    add(&lists[0], 10, REQUEST, 10);
    pel_lineage_find(&l, &request, lists, 2);
    assert_string_equal(shape(&l), "10:1 20:2 30:3 40:4 ");
    pel_children_fini(&lists[0]);
    pel_children_fini(&lists[1]);
}

static void parents_of_an_sdk_are_passed_over(void **state)
{
    struct pel_child_entry e = *child_of((struct child_ids){0, 10, REQUEST}, 10, 1000, NULL);
    struct pel_children c = {0};
    struct pel_lineage l;

    e.parent_span_id[7] = 99;
    pel_children_add(&c, &e);
    add(&c, 20, 10, 20);
    pel_lineage_find(&l, &request, &c, 1);
    assert_string_equal(shape(&l), "10:1 20:2 ");
    pel_children_fini(&c);
}

static void nonsense_ends(void **state)
{
    struct pel_children c = {0};
    struct pel_lineage l;

    add(&c, REQUEST, REQUEST, 10);
    add(&c, 10, 10, 10);
    add(&c, 11, 12, 10);
    add(&c, 12, 11, 10);
    add(&c, 13, REQUEST, 10);
    add(&c, 13, REQUEST, 11);
    pel_lineage_find(&l, &request, &c, 1);
    assert_string_equal(shape(&l), "13:1 ");
    pel_children_fini(&c);
}

static void a_long_line_is_cut(void **state)
{
    struct pel_children c = {0};
    struct pel_child_entry e;
    struct pel_lineage l;

    for (uint16_t i = 0; i < PEL_LINEAGE_N_MAX + 1; i++) {
        memcpy(&e, child_of((struct child_ids){0, 0, REQUEST}, i, 1000, NULL), sizeof(e));
        memcpy(e.span_id, &i, sizeof(i));
        e.span_id[4] = 1;
        pel_children_add(&c, &e);
    }
    pel_lineage_find(&l, &request, &c, 1);
    assert_int_equal(l.n, PEL_LINEAGE_N_MAX);
    assert_true(l.is_cut);
    pel_children_fini(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_behind_their_parents_by_start),
        cmocka_unit_test(children_may_end_after_their_parents_and_be_in_other_lists),
        cmocka_unit_test(parents_of_an_sdk_are_passed_over),
        cmocka_unit_test(nonsense_ends),
        cmocka_unit_test(a_long_line_is_cut),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
