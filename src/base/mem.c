#include <stdlib.h>

#include "pellucid/mem.h"

void *pel_mem_new(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size ? size : 1);

    PEL_ASSERT(p != NULL);
    return p;
}

void *pel_mem_resize(void *p, size_t n, size_t size)
{
    void *resized = reallocarray(p, n ? n : 1, size ? size : 1);

    PEL_ASSERT(resized != NULL);
    return resized;
}

char *pel_mem_dup(struct pel_str s)
{
    char *copy = pel_mem_new(s.len + 1, 1);

    if (s.len)
        memcpy(copy, s.p, s.len);
    return copy;
}
