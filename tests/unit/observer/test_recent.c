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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notable_ones_outlive_ordinary_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
