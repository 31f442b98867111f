#include "child.h"

#include "observer/children.h"
#include "pellucid/attribute.h"

/* The last bytes of the span ids of that trace, newest first. */
static size_t list(const struct pel_children *c, uint8_t trace, uint8_t *out, size_t max)
{
    const struct pel_child_entry *e;
    uint8_t trace_id[16] = {0};
    uint64_t at = UINT64_MAX;
    size_t n = 0;

    trace_id[15] = trace;
    while ((e = pel_children_next(c, trace_id, &at)) && n < max)
        out[n++] = e->span_id[7];
    return n;
}

static void nothing_is_taken_before_the_first(void **state)
{
    struct pel_children c = {0};
    uint8_t ids[1];

    assert_int_equal(list(&c, 1, ids, 1), 0);
    assert_null(c.room);
    pel_children_fini(&c);
}

static void each_trace_has_its_own(void **state)
{
    struct pel_children c = {0};
    struct pel_child_entry other;
    uint8_t ids[4];

    pel_children_add(&c, child_of((struct child_ids){1, 11, 9}, 5, 6, NULL));
    pel_children_add(&c, child_of((struct child_ids){2, 21, 9}, 5, 6, NULL));
    memcpy(&other, child_of((struct child_ids){1, 31, 9}, 5, 6, NULL), sizeof(other));
    other.trace_id[0] = 7; /* in the same chain */
    pel_children_add(&c, &other);
    pel_children_add(&c, child_of((struct child_ids){1, 12, 9}, 5, 6, NULL));
    assert_int_equal(list(&c, 1, ids, 4), 2);
    assert_int_equal(ids[0], 12);
    assert_int_equal(ids[1], 11);
    assert_int_equal(list(&c, 2, ids, 4), 1);
    assert_int_equal(list(&c, 3, ids, 4), 0);
    assert_int_equal(c.lost_until_ns, 0);
    pel_children_fini(&c);
}

static void stacks_are_left_out_and_attributes_are_cut_between_pairs(void **state)
{
    static char room[PEL_ATTRIBUTE_PACKED_MAX], text[1000];
    struct pel_str strings[PEL_CHILD_STR_N] = {
        [PEL_CHILD_NAME] = PEL_STR("load"),         [PEL_CHILD_TRACE_STATE] = PEL_STR("a=1"),
        [PEL_CHILD_EXC_TYPE] = PEL_STR("KeyError"), [PEL_CHILD_EXC_MESSAGE] = PEL_STR("'x'"),
        [PEL_CHILD_EXC_STACK] = PEL_STR("in f"),
    };
    struct pel_attribute a = {.type = PEL_ATTRIBUTE_STR, .text = {text, sizeof(text)}};
    const struct pel_child_entry *e;
    struct pel_children c = {0};
    uint8_t trace_id[16] = {0};
    uint64_t at = UINT64_MAX;
    struct pel_str packed;
    size_t len = 0;

    memset(text, 'x', sizeof(text));
    a.key = PEL_STR("one");
    len = pel_attribute_put(room, len, &a);
    a.key = PEL_STR("two");
    len = pel_attribute_put(room, len, &a);
    strings[PEL_CHILD_ATTRIBUTES] = pel_str(room, len);
    pel_children_add(&c, child_of((struct child_ids){0, 11, 9}, 5, 6, strings));
    e = pel_children_next(&c, trace_id, &at);
    assert_non_null(e);
    assert_true(pel_child_is_valid(e));
    assert_str(pel_child_string(e, PEL_CHILD_NAME), "load");
    assert_str(pel_child_string(e, PEL_CHILD_EXC_TYPE), "KeyError");
    assert_str(pel_child_string(e, PEL_CHILD_EXC_MESSAGE), "'x'");
    assert_int_equal(pel_child_string(e, PEL_CHILD_EXC_STACK).len, 0);
    assert_int_equal(pel_child_string(e, PEL_CHILD_TRACE_STATE).len, 0);
    packed = pel_child_string(e, PEL_CHILD_ATTRIBUTES);
    assert_true(pel_attribute_next(&packed, &a));
    assert_str(a.key, "one");
    assert_int_equal(a.text.len, sizeof(text));
    assert_int_equal(packed.len, 0);
    pel_children_fini(&c);
}

static void the_oldest_go_first(void **state)
{
    static uint8_t ids[4000];
    static char name[200];
    struct pel_str strings[PEL_CHILD_STR_N] = {{NULL, 0}};
    struct pel_children c = {0};
    uint64_t i;
    size_t n;

    memset(name, 'x', sizeof(name));
    for (i = 0; i < 20000; i++) {
        /* Lengths that leave pads of every size at the end of the room. */
        strings[PEL_CHILD_NAME] = pel_str(name, (size_t)(i * 37 % sizeof(name)));
        pel_children_add(&c, child_of((struct child_ids){(uint8_t)(i & 1), (uint8_t)i, 0}, i + 1,
                                      i + 2, strings));
        if (i == 0 || i % 997)
            continue;
        n = list(&c, (uint8_t)(i & 1), ids, PEL_ARRAY_LEN(ids));
        for (size_t at = 0; at < n; at++)
            assert_int_equal(ids[at], (uint8_t)(i - 2 * at));
        assert_between(c.lost_until_ns ? n : 100, 100, i / 2 + 1);
    }
    n = list(&c, 0, ids, PEL_ARRAY_LEN(ids)) + list(&c, 1, ids, PEL_ARRAY_LEN(ids));
    assert_between(n, PEL_CHILDREN_LEN / 350, PEL_CHILDREN_LEN / 100);
    assert_int_equal(c.lost_until_ns, i - n + 1);
    pel_children_fini(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_taken_before_the_first),
        cmocka_unit_test(each_trace_has_its_own),
        cmocka_unit_test(stacks_are_left_out_and_attributes_are_cut_between_pairs),
        cmocka_unit_test(the_oldest_go_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
