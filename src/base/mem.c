#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pellucid/mem.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

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

int pel_mem_file(const char *name, size_t len)
{
    unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    int fd = memfd_create(name, flags | MFD_NOEXEC_SEAL), cause;

    /* Kernels before 6.3 do not know MFD_NOEXEC_SEAL, newer ones may insist on it. */
    if (fd < 0)
        fd = memfd_create(name, flags);
    if (fd < 0 || ftruncate(fd, (off_t)len) == 0)
        return fd;
    cause = errno;
    close(fd);
    errno = cause;
    return -1;
}
