/*
 * mem - the heap, without failure.
 *
 * Any process, any thread. A request for memory that cannot be met aborts (PEL_ASSERT), so ordinary
 * code has no branch for it. What these return is freed with free().
 */
#ifndef PELLUCID_MEM_H
#define PELLUCID_MEM_H

#include "pellucid/base.h"

/* n items of size bytes, zeroed; never NULL. */
void *pel_mem_new(size_t n, size_t size) PEL_MUST_CHECK;

/* p, which may be NULL, resized to n items; what is new is not zeroed. Never NULL. */
void *pel_mem_resize(void *p, size_t n, size_t size) PEL_MUST_CHECK;

/* A copy with a NUL behind it. */
char *pel_mem_dup(struct pel_str s) PEL_MUST_CHECK;

/* A memory file of that length that nobody can execute, and that can be sealed; closed on exec. Its
 * descriptor, or -1 with errno. */
int pel_mem_file(const char *name, size_t len) PEL_MUST_CHECK;

#endif
