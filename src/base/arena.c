#include <stdlib.h>

#include "pellucid/arena.h"

#define CACHE_MAX 128

struct pel_arena_chunk {
    struct pel_arena_chunk *next;
    size_t len; /* of data */
    alignas(max_align_t) char data[];
};

/* Chunks of the usual size at rest. Of the thread: a request may end on another thread than it
 * began on, then its chunks change threads. */
static _Thread_local struct {
    struct pel_arena_chunk *head;
    size_t n;
} cache;

void pel_arena_init(struct pel_arena *a)
{
    *a = (struct pel_arena){NULL, NULL, NULL};
}

static struct pel_arena_chunk *take_chunk(size_t len)
{
    struct pel_arena_chunk *c = cache.head;

    if (len == PEL_ARENA_CHUNK_LEN && c) {
        cache.head = c->next;
        cache.n--;
        return c;
    }
    c = malloc(sizeof(*c) + len);
    PEL_ASSERT(c != NULL);
    c->len = len;
    return c;
}

void *pel_arena_alloc_slowly(struct pel_arena *a, size_t len)
{
    struct pel_arena_chunk *c;

    if (len > PEL_ARENA_CHUNK_LEN / 4 && a->head) {
        /* Large: a chunk of its own behind the current one, whose room stays in use. */
        c = take_chunk(len);
        c->next = a->head->next;
        a->head->next = c;
        return c->data;
    }
    c = take_chunk(len > PEL_ARENA_CHUNK_LEN ? len : PEL_ARENA_CHUNK_LEN);
    c->next = a->head;
    a->head = c;
    a->next = c->data + len;
    a->end = c->data + c->len;
    return c->data;
}

struct pel_str pel_arena_dup(struct pel_arena *a, struct pel_str s)
{
    char *p;

    if (s.len == 0)
        return (struct pel_str){"", 0};
    p = pel_arena_alloc(a, s.len);
    memcpy(p, s.p, s.len);
    return (struct pel_str){p, s.len};
}

void pel_arena_reset(struct pel_arena *a)
{
    struct pel_arena_chunk *c = a->head, *next;

    for (; c; c = next) {
        next = c->next;
        if (c->len == PEL_ARENA_CHUNK_LEN && cache.n < CACHE_MAX) {
            c->next = cache.head;
            cache.head = c;
            cache.n++;
        } else {
            free(c);
        }
    }
    pel_arena_init(a);
}

void pel_arena_thread_fini(void)
{
    struct pel_arena_chunk *c = cache.head, *next;

    cache.head = NULL;
    cache.n = 0;
    for (; c; c = next) {
        next = c->next;
        free(c);
    }
}
