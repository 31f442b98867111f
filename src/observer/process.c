#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pellucid/mem.h"
#include "process.h"

/* A file of /proc/PID as text; false when there is none. */
static bool read_file(char *out, size_t size, pid_t pid, const char *name)
{
    char path[64];
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    n = read(fd, out, size - 1);
    close(fd);
    out[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* The second number of statm, in pages. */
static bool read_resident(uint64_t *bytes, pid_t pid)
{
    char text[256];
    uint64_t pages;

    if (!read_file(text, sizeof(text), pid, "statm") || sscanf(text, "%*u %" SCNu64, &pages) != 1)
        return false;
    *bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
    return true;
}

/* The 20th field of stat; the second one is a name in parentheses that may hold anything. */
static bool read_threads(uint64_t *n, pid_t pid)
{
    char text[1024], *end;

    if (!read_file(text, sizeof(text), pid, "stat") || !(end = strrchr(text, ')')))
        return false;
    return sscanf(end + 1,
                  " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64,
                  n) == 1;
}

static bool count_fds(uint64_t *n, pid_t pid)
{
    char path[64];
    DIR *dir;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    dir = opendir(path);
    if (!dir)
        return false;
    *n = 0;
    for (const struct dirent *e; (e = readdir(dir));)
        *n += e->d_name[0] != '.';
    closedir(dir);
    return true;
}

bool pel_process_read(struct pel_process_usage *u, pid_t pid)
{
    *u = (struct pel_process_usage){.is_known = false};
    u->is_known = pid > 0 && read_resident(&u->resident_bytes, pid) &&
                  read_threads(&u->n_threads, pid) && count_fds(&u->n_fds, pid);
    return u->is_known;
}

static const struct {
    struct pel_metric_info info;
    size_t offset; /* of a uint64_t in struct pel_process_usage */
} families[] = {
    {{PEL_METRIC_KIND_UPDOWN, "By", "process.memory.usage", "Resident memory of a worker."},
     offsetof(struct pel_process_usage, resident_bytes)},
    {{PEL_METRIC_KIND_UPDOWN, "{thread}", "process.thread.count", "Threads of a worker."},
     offsetof(struct pel_process_usage, n_threads)},
    {{PEL_METRIC_KIND_UPDOWN, "{file_descriptor}", "process.unix.file_descriptor.count",
      "Descriptors that a worker has open."},
     offsetof(struct pel_process_usage, n_fds)},
};

static void collect_family(struct pel_sink *sink, size_t f, const struct pel_process_usage *usages,
                           unsigned n)
{
    sink->family(sink, &families[f].info);
    for (unsigned i = 0; i < n; i++) {
        const char *value = (const char *)&usages[i] + families[f].offset;
        struct pel_labels ls = {.n = 0};

        if (!usages[i].is_known)
            continue;
        pel_labels_number(&ls, "pellucid.worker.id", i);
        sink->point(sink, &ls, *(const uint64_t *)(const void *)value);
    }
}

void pel_process_collect(struct pel_sink *sink, struct pel_shm *shm)
{
    unsigned n = shm->header->n_slots;
    struct pel_process_usage *usages = pel_mem_new(n, sizeof(*usages));

    for (unsigned i = 0; i < n; i++)
        pel_process_read(&usages[i],
                         atomic_load_explicit(&pel_shm_slot(shm, i)->pid, memory_order_relaxed));
    for (size_t f = 0; f < PEL_ARRAY_LEN(families); f++)
        collect_family(sink, f, usages, n);
    free(usages);
}
