/* child - entries of an app's own spans for the tests of src/observer. */
#ifndef PELLUCID_TESTS_OBSERVER_CHILD_H
#define PELLUCID_TESTS_OBSERVER_CHILD_H

#include "../check.h"
#include "pellucid/child.h"

struct child_ids {
    uint8_t trace, span, parent; /* the last byte of each id; the others are 0 */
};

/* An entry without texts but those given; the memory is this function's, until the next call. */
static inline const struct pel_child_entry *child_of(struct child_ids ids, uint64_t start_ns,
                                                     uint64_t end_ns,
                                                     const struct pel_str strings[PEL_CHILD_STR_N])
{
    static _Alignas(8) char room[PEL_RING_ENTRY_MAX];
    struct pel_child_entry *e = (struct pel_child_entry *)(void *)room;
    char *p = e->strings;

    memset(room, 0, sizeof(*e));
    e->start_ns = start_ns;
    e->end_ns = end_ns;
    e->trace_id[15] = ids.trace;
    e->span_id[7] = ids.span;
    e->parent_span_id[7] = ids.parent;
    e->above_span_id[7] = ids.parent;
    for (size_t i = 0; strings && i < PEL_CHILD_STR_N; i++) {
        e->str_len[i] = (uint16_t)strings[i].len;
        if (strings[i].len)
            memcpy(p, strings[i].p, strings[i].len);
        p += strings[i].len;
    }
    e->ring.len = (uint32_t)(sizeof(*e) + (size_t)(p - e->strings) + 7) / 8 * 8;
    assert_true(pel_child_is_valid(e));
    return e;
}

#endif
