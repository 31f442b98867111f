#include "child.h"
#include "span.h"

#include "observer/recent.h"

static void notable_ones_outlive_ordinary_ones(void **state)
{
    const struct pel_recent_item *items[PEL_RECENT_ORDINARY + PEL_RECENT_NOTABLE];
    struct pel_recent *r = calloc(1, sizeof(*r));
    size_t n;

    pel_recent_init(r);
    assert_int_equal(pel_recent_list(r, items), 0);
    for (uint64_t i = 0; i < 1000; i++) {
        struct pel_record rec = fixture_record(1000 + i);

        rec.status = i == 0 ? 500 : 200;
        pel_recent_add(r, span_of(&rec, i == 0 ? PEL_SPAN_FAILED : PEL_SPAN_SAMPLED), 0, 7);
    }
    n = pel_recent_list(r, items);
    assert_int_equal(n, PEL_RECENT_ORDINARY + 1);
    assert_int_equal(items[0]->entry->stamp_ns[PEL_STAMP_FIRST_BYTE], 1999);
    assert_int_equal(items[0]->wall_offset_ns, 7);
    assert_int_equal(items[n - 2]->entry->stamp_ns[PEL_STAMP_FIRST_BYTE],
                     2000 - PEL_RECENT_ORDINARY);
    assert_int_equal(items[n - 1]->entry->status, 500);
    assert_str(pel_span_string(items[0]->entry, PEL_SPAN_STR_PATH), "/orders/17");
    pel_recent_fini(r);
    free(r);
}

/* Adds a span right below the request of that trace. */
static void add_child(struct pel_recent *r, const struct pel_record *rec, uint64_t start_ns)
{
    struct pel_child_entry e;

    memcpy(&e, child_of((struct child_ids){0, 0, 0}, start_ns, start_ns + 1, NULL), sizeof(e));
    memcpy(e.trace_id, rec->trace.trace_id, sizeof(e.trace_id));
    memcpy(e.above_span_id, rec->trace.span_id, sizeof(e.above_span_id));
    memcpy(e.span_id, &start_ns, sizeof(e.span_id));
    pel_recent_add_child(r, &e);
}

/* Spans of other traces, enough to push all others out of their list. */
static void flood(struct pel_recent *r)
{
    struct pel_record other = fixture_record(500000);

    memset(other.trace.trace_id, 0x55, sizeof(other.trace.trace_id));
    for (uint64_t i = 0; i < PEL_CHILDREN_LEN / sizeof(struct pel_child_entry); i++)
        add_child(r, &other, 500000 + i);
}

static void children_of_notable_ones_stay(void **state)
{
    const struct pel_recent_item *items[PEL_RECENT_ORDINARY + PEL_RECENT_NOTABLE];
    struct pel_record failed = fixture_record(1000), ordinary = fixture_record(2000);
    struct pel_recent *r = calloc(1, sizeof(*r));
    struct pel_lineage l;

    pel_recent_init(r);
    memset(ordinary.trace.trace_id, 0x66, sizeof(ordinary.trace.trace_id));
    add_child(r, &failed, 1100);
    add_child(r, &ordinary, 2100);
    pel_recent_add(r, span_of(&failed, PEL_SPAN_FAILED), 0, 7);
    pel_recent_add(r, span_of(&ordinary, PEL_SPAN_SAMPLED), 0, 7);
    add_child(r, &failed, 1200); /* of a background task */
    add_child(r, &ordinary, 2200);
    assert_int_equal(pel_recent_list(r, items), 2);
    assert_true(pel_recent_children(r, items[0], &l));
    assert_int_equal(l.n, 2);
    assert_true(pel_recent_children(r, items[1], &l));
    assert_int_equal(l.n, 2);
    flood(r);
    assert_false(pel_recent_children(r, items[0], &l));
    assert_int_equal(l.n, 0);
    assert_true(pel_recent_children(r, items[1], &l));
    assert_int_equal(l.n, 2);
    assert_int_equal(l.members[0].e->start_ns, 1100);
    assert_int_equal(l.members[1].e->start_ns, 1200);
    pel_recent_fini(r);
    free(r);
}

static void what_a_notable_one_had_too_many_of_is_told(void **state)
{
    const struct pel_recent_item *items[PEL_RECENT_ORDINARY + PEL_RECENT_NOTABLE];
    struct pel_record failed = fixture_record(1000);
    struct pel_recent *r = calloc(1, sizeof(*r));
    struct pel_lineage l;

    pel_recent_init(r);
    for (uint64_t i = 0; i < PEL_LINEAGE_N_MAX + 1; i++)
        add_child(r, &failed, 1100 + i);
    pel_recent_add(r, span_of(&failed, PEL_SPAN_FAILED), 0, 7);
    flood(r);
    assert_int_equal(pel_recent_list(r, items), 1);
    assert_false(pel_recent_children(r, items[0], &l));
    assert_int_equal(l.n, PEL_LINEAGE_N_MAX);
    pel_recent_fini(r);
    free(r);
}

static void what_was_pushed_out_before_a_notable_one_came_is_told(void **state)
{
    const struct pel_recent_item *items[PEL_RECENT_ORDINARY + PEL_RECENT_NOTABLE];
    struct pel_record failed = fixture_record(1000);
    struct pel_recent *r = calloc(1, sizeof(*r));
    struct pel_lineage l;

    pel_recent_init(r);
    add_child(r, &failed, 1100);
    flood(r);
    pel_recent_add(r, span_of(&failed, PEL_SPAN_FAILED), 0, 7);
    assert_int_equal(pel_recent_list(r, items), 1);
    assert_false(pel_recent_children(r, items[0], &l));
    assert_int_equal(l.n, 0);
    pel_recent_fini(r);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notable_ones_outlive_ordinary_ones),
        cmocka_unit_test(children_of_notable_ones_stay),
        cmocka_unit_test(what_a_notable_one_had_too_many_of_is_told),
        cmocka_unit_test(what_was_pushed_out_before_a_notable_one_came_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
