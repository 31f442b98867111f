/*
 * hash - FNV-1a, for tables of our own making; not for keys that an attacker may collide at will
 * where that costs more than a longer look.
 *
 * Pure functions.
 */
#ifndef PELLUCID_HASH_H
#define PELLUCID_HASH_H

#include "pellucid/base.h"

#define PEL_HASH_BEGIN 2166136261U

/* The hash of what went into hash so far and s behind it. */
static inline uint32_t pel_hash_add(uint32_t hash, struct pel_str s)
{
    for (size_t i = 0; i < s.len; i++)
        hash = (hash ^ (unsigned char)s.p[i]) * 16777619U;
    return hash;
}

#endif
