#include <stdlib.h>

#include "pellucid/mem.h"
#include "recent.h"

/* Room is kept for the next entry, but not that of a large one. */
#define ROOM_MORE 128
#define ROOM_MAX 2048

void pel_recent_init(struct pel_recent *r)
{
    memset(r, 0, sizeof(*r));
}

static void free_items(struct pel_recent_item *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(items[i].entry);
        items[i].entry = NULL;
        items[i].room = 0;
    }
}

void pel_recent_fini(struct pel_recent *r)
{
    free_items(r->ordinary, PEL_RECENT_ORDINARY);
    free_items(r->notable, PEL_RECENT_NOTABLE);
    for (size_t i = 0; i < PEL_RECENT_CHILDREN_N; i++)
        pel_children_fini(&r->children[i]);
}

static uint8_t *notable_at(struct pel_recent *r, const uint8_t trace_id[16])
{
    return &r->notable_at[pel_trace_id_end(trace_id) % PEL_ARRAY_LEN(r->notable_at)];
}

/* False: the app's spans below a request that began then may have been pushed out. */
static bool has_all_since(const struct pel_children *c, const struct pel_span_entry *e)
{
    return c->lost_until_ns < e->stamp_ns[PEL_STAMP_FIRST_BYTE];
}

/* What is below a notable request goes where only such spans push each other out; parents last, as
 * without them their children are not found. */
static void keep_children(struct pel_recent *r, struct pel_recent_item *item)
{
    struct pel_children *from = &r->children[PEL_RECENT_CHILDREN];
    struct pel_lineage l;

    *notable_at(r, item->entry->trace_id) = (uint8_t)(item - r->notable);
    item->has_lost_children = !has_all_since(from, item->entry);
    if (!from->room)
        return;
    pel_lineage_find(&l, item->entry, from, 1);
    item->has_lost_children |= l.is_cut;
    for (size_t i = l.n; i > 0; i--)
        pel_children_add(&r->children[PEL_RECENT_CHILDREN_NOTABLE], l.members[i - 1].e);
}

void pel_recent_add(struct pel_recent *r, const struct pel_span_entry *e, unsigned slot,
                    uint64_t wall_offset_ns)
{
    bool is_notable = e->flags & (PEL_SPAN_SLOW | PEL_SPAN_FAILED);
    struct pel_recent_item *item = is_notable ? &r->notable[r->n_notable++ % PEL_RECENT_NOTABLE]
                                              : &r->ordinary[r->n_ordinary++ % PEL_RECENT_ORDINARY];

    if (e->ring.len > item->room || item->room > ROOM_MAX) {
        item->room = e->ring.len + ROOM_MORE;
        free(item->entry);
        item->entry = pel_mem_new(1, item->room);
    }
    memcpy(item->entry, e, e->ring.len);
    item->slot = slot;
    item->wall_offset_ns = wall_offset_ns;
    if (is_notable)
        keep_children(r, item);
}

void pel_recent_add_child(struct pel_recent *r, const struct pel_child_entry *e)
{
    const struct pel_span_entry *notable = r->notable[*notable_at(r, e->trace_id)].entry;
    bool is_notable = notable && memcmp(notable->trace_id, e->trace_id, 16) == 0;

    pel_children_add(&r->children[is_notable ? PEL_RECENT_CHILDREN_NOTABLE : PEL_RECENT_CHILDREN],
                     e);
}

bool pel_recent_children(const struct pel_recent *r, const struct pel_recent_item *item,
                         struct pel_lineage *out)
{
    bool is_notable = item->entry->flags & (PEL_SPAN_SLOW | PEL_SPAN_FAILED);
    const struct pel_children *list =
        &r->children[is_notable ? PEL_RECENT_CHILDREN_NOTABLE : PEL_RECENT_CHILDREN];

    pel_lineage_find(out, item->entry, r->children, PEL_RECENT_CHILDREN_N);
    return has_all_since(list, item->entry) && !item->has_lost_children && !out->is_cut;
}

static size_t list_used(const struct pel_recent_item *items, size_t n,
                        const struct pel_recent_item **out)
{
    size_t n_used = 0;

    for (size_t i = 0; i < n; i++)
        if (items[i].entry)
            out[n_used++] = &items[i];
    return n_used;
}

static int by_end(const void *a, const void *b)
{
    const struct pel_recent_item *x = *(const struct pel_recent_item *const *)a;
    const struct pel_recent_item *y = *(const struct pel_recent_item *const *)b;
    uint64_t ex = x->entry->stamp_ns[PEL_STAMP_LAST_BYTE];
    uint64_t ey = y->entry->stamp_ns[PEL_STAMP_LAST_BYTE];

    return (ex < ey) - (ex > ey);
}

size_t pel_recent_list(const struct pel_recent *r, const struct pel_recent_item **out)
{
    size_t n = list_used(r->ordinary, PEL_RECENT_ORDINARY, out);

    n += list_used(r->notable, PEL_RECENT_NOTABLE, out + n);
    qsort(out, n, sizeof(struct pel_recent_item *), by_end);
    return n;
}
