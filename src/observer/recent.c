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
