/*
 * children - the app's own spans of the last requests, kept for people in a fixed room.
 *
 * Owner: the observer's one thread. A ring of bytes in which the oldest go first, with a chain of
 * each trace's through it. The room is taken with the first span: a server whose app has none has
 * none of it.
 */
#ifndef PELLUCID_OBSERVER_CHILDREN_H
#define PELLUCID_OBSERVER_CHILDREN_H

#include "pellucid/child.h"

#define PEL_CHILDREN_LEN (128U << 10)

/* What is kept of each span; stacks and tracestates are not. */
#define PEL_CHILDREN_ATTRIBUTES_MAX 1024 /* packed, in whole pairs */
#define PEL_CHILDREN_MESSAGE_MAX 512

struct pel_children_room;

struct pel_children {
    struct pel_children_room *room; /* owned; NULL before the first */
    uint64_t lost_until_ns;         /* the last end of a span that was pushed out; 0: none was */
};

void pel_children_fini(struct pel_children *c);

/* Copies what is kept of the entry, which is sound (pel_child_is_valid). */
void pel_children_add(struct pel_children *c, const struct pel_child_entry *e);

/* What tells traces apart cheaply: ids are random at their end (W3C Trace Context level 2, 2.2.2).
 */
static inline uint32_t pel_trace_id_end(const uint8_t trace_id[16])
{
    return (uint32_t)trace_id[14] << 8 | trace_id[15];
}

/* The newest of that trace that is older than *at, which begins as UINT64_MAX and is set; NULL when
 * there is none. It lives until the next add. */
const struct pel_child_entry *pel_children_next(const struct pel_children *c,
                                                const uint8_t trace_id[16], uint64_t *at);

#endif
