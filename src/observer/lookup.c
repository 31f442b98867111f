#include <stdlib.h>

#include "lookup.h"
#include "pellucid/mem.h"

size_t pel_lookup_find(const struct pel_lookup *l, uint32_t hash,
                       bool (*is_it)(const void *arg, size_t at), const void *arg)
{
    size_t mask = l->n_slots - 1;

    if (l->n == 0)
        return SIZE_MAX;
    for (size_t i = hash & mask; l->slots[i].at; i = (i + 1) & mask)
        if (l->slots[i].hash == hash && is_it(arg, l->slots[i].at - 1))
            return l->slots[i].at - 1;
    return SIZE_MAX;
}

static void put(struct pel_lookup *l, uint32_t hash, uint32_t at)
{
    size_t i = hash & (l->n_slots - 1);

    while (l->slots[i].at)
        i = (i + 1) & (l->n_slots - 1);
    l->slots[i].hash = hash;
    l->slots[i].at = at;
}

static void grow(struct pel_lookup *l)
{
    struct pel_lookup old = *l;

    l->n_slots = old.n_slots ? old.n_slots * 2 : 64;
    l->slots = pel_mem_new(l->n_slots, sizeof(*l->slots));
    for (size_t i = 0; i < old.n_slots; i++)
        if (old.slots[i].at)
            put(l, old.slots[i].hash, old.slots[i].at);
    free(old.slots);
}

void pel_lookup_add(struct pel_lookup *l, uint32_t hash, size_t at)
{
    PEL_ASSERT(at < UINT32_MAX);
    if (2 * (l->n + 1) > l->n_slots)
        grow(l);
    put(l, hash, (uint32_t)(at + 1));
    l->n++;
}

void pel_lookup_fini(struct pel_lookup *l)
{
    free(l->slots);
    *l = (struct pel_lookup){.slots = NULL};
}
