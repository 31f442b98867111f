/*
 * lookup - from a hash to places in an array: what merges streams and routes of several workers.
 *
 * Owner: the array's. The array keeps its own items and compares them; this only says where one
 * with that hash may be.
 */
#ifndef PELLUCID_OBSERVER_LOOKUP_H
#define PELLUCID_OBSERVER_LOOKUP_H

#include "pellucid/base.h"

struct pel_lookup {
    struct {
        uint32_t hash, at; /* at: place + 1; 0 = free */
    } * slots;             /* owned; a power of two, at most half full */
    size_t n_slots, n;
};

/* The place of the item with that hash for which is_it is true, or SIZE_MAX. */
size_t pel_lookup_find(const struct pel_lookup *l, uint32_t hash,
                       bool (*is_it)(const void *arg, size_t at), const void *arg);
void pel_lookup_add(struct pel_lookup *l, uint32_t hash, size_t at);
void pel_lookup_fini(struct pel_lookup *l);

#endif
