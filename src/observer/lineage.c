#include <stdlib.h>

#include "lineage.h"

#define UNKNOWN UINT16_MAX

/* Place + 1 of the span with that id; 0: the request's own. */
static uint16_t place_of(const struct pel_lineage *l, const uint8_t span_id[8])
{
    if (memcmp(l->request->span_id, span_id, 8) == 0)
        return 0;
    for (size_t i = l->n; i > 0; i--)
        if (memcmp(l->members[i - 1].e->span_id, span_id, 8) == 0)
            return (uint16_t)i;
    return UNKNOWN;
}

static void offer(struct pel_lineage *l, const struct pel_child_entry *e)
{
    uint16_t parent = place_of(l, e->above_span_id);

    if (parent == UNKNOWN || place_of(l, e->span_id) != UNKNOWN)
        return;
    if (l->n == PEL_LINEAGE_N_MAX) {
        l->is_cut = true;
        return;
    }
    l->members[l->n++] = (struct pel_lineage_member){
        .e = e,
        .parent = parent,
        .depth = parent ? (uint16_t)(l->members[parent - 1].depth + 1) : 1,
    };
}

/* Newest first, as parents mostly end after their children; where one did not, or is in another
 * list, its children are found the next time. */
static void gather(struct pel_lineage *l, const struct pel_children *lists, size_t n)
{
    size_t n_before;

    do {
        n_before = l->n;
        for (size_t i = 0; i < n; i++) {
            const struct pel_child_entry *e;
            uint64_t at = UINT64_MAX;

            while ((e = pel_children_next(&lists[i], l->request->trace_id, &at)))
                offer(l, e);
        }
    } while (l->n > n_before && !l->is_cut);
}

static int by_start(const void *a, const void *b)
{
    uint64_t x = (*(const struct pel_lineage_member *const *)a)->e->start_ns;
    uint64_t y = (*(const struct pel_lineage_member *const *)b)->e->start_ns;

    return (x > y) - (x < y);
}

/* What is put in order: the members as gathered, and where they go. */
struct order {
    const struct pel_lineage_member *gathered;
    const struct pel_lineage_member *by_start[PEL_LINEAGE_N_MAX];
    struct pel_lineage *out;
};

static void put_below(struct order *o, size_t n, uint16_t parent)
{
    for (size_t i = 0; i < n; i++) {
        const struct pel_lineage_member *m = o->by_start[i];

        if (m->parent != parent)
            continue;
        o->out->members[o->out->n++] = *m;
        put_below(o, n, (uint16_t)(m - o->gathered + 1));
    }
}

static void put_in_order(struct pel_lineage *l)
{
    struct pel_lineage_member gathered[PEL_LINEAGE_N_MAX];
    struct order o = {.gathered = gathered, .out = l};
    size_t n = l->n;

    for (size_t i = 0; i < n; i++) {
        gathered[i] = l->members[i];
        o.by_start[i] = &gathered[i];
    }
    qsort(o.by_start, n, sizeof(o.by_start[0]), by_start);
    l->n = 0;
    put_below(&o, n, 0);
}

void pel_lineage_find(struct pel_lineage *l, const struct pel_span_entry *request,
                      const struct pel_children *lists, size_t n)
{
    l->request = request;
    l->n = 0;
    l->is_cut = false;
    gather(l, lists, n);
    put_in_order(l);
}
