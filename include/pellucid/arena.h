/*
 * arena - memory that dies with its request.
 *
 * Owner: one request, one thread at a time. pel_arena_alloc never fails (it aborts when the machine
 * has no memory left) and nothing is freed singly; pel_arena_reset gives everything back. Chunks of
 * the usual size come from and go to a bounded free list of the thread, so that a
 * worker at rest holds no arena memory of idle connections.
 */
#ifndef PELLUCID_ARENA_H
#define PELLUCID_ARENA_H

#include <stdalign.h>
#include <stddef.h>

#include "pellucid/base.h"

/* No multiple of a page, so that the chunks of requests in flight do not all want the same lines of
 * the cache. */
#define PEL_ARENA_CHUNK_LEN 3104

struct pel_arena_chunk;

struct pel_arena {
    struct pel_arena_chunk *head; /* owned; newest first */
    char *next, *end;             /* free room in head */
};

void pel_arena_init(struct pel_arena *a);

/* For pel_arena_alloc: len, rounded up, does not fit into head. */
void *pel_arena_alloc_slowly(struct pel_arena *a, size_t len);

/* len bytes aligned for any type; never NULL, not zeroed. */
static inline void *pel_arena_alloc(struct pel_arena *a, size_t len)
{
    char *p = a->next;

    PEL_ASSERT(len <= SIZE_MAX / 2);
    /* Nothing takes a byte, so that the result is never NULL. */
    len = (len + !len + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (PEL_UNLIKELY((size_t)(a->end - p) < len))
        return pel_arena_alloc_slowly(a, len);
    a->next = p + len;
    return p;
}

/* A copy of s in the arena. */
struct pel_str pel_arena_dup(struct pel_arena *a, struct pel_str s);

/* Frees everything; the arena is as after init. */
void pel_arena_reset(struct pel_arena *a);

/* Frees the chunks at rest of the calling thread. Each thread that reset an arena calls it before
 * it ends; it may go on using arenas. */
void pel_arena_thread_fini(void);

#endif
