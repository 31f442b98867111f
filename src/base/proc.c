#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "pellucid/proc.h"
#include "pellucid/time.h"

/* The fields of proc_pid_stat(5) from utime to rss, those between them passed over. */
#define STAT_FORMAT                                                                                \
    " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64 " %" SCNu64                            \
    " %*s %*s %*s %*s %" SCNu64 " %*s %" SCNu64 " %" SCNu64 " %" SCNu64
#define STAT_FIELDS 6

static uint64_t ns_of_ticks(uint64_t ticks)
{
    return ticks * (PEL_NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* The second field is a name in parentheses that may hold anything. */
static bool parse(struct pel_proc *p, const char *text)
{
    const char *name_end = strrchr(text, ')');
    uint64_t user, system, started, pages;

    if (!name_end || sscanf(name_end + 1, STAT_FORMAT, &user, &system, &p->n_threads, &started,
                            &p->virtual_bytes, &pages) != STAT_FIELDS)
        return false;
    p->user_ns = ns_of_ticks(user);
    p->system_ns = ns_of_ticks(system);
    p->started_ns = ns_of_ticks(started);
    p->resident_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
    return true;
}

bool pel_proc_read(struct pel_proc *p, pid_t pid)
{
    char path[64], text[1024];
    ssize_t n;
    int fd;

    *p = (struct pel_proc){.n_threads = 0};
    if (pid <= 0)
        return false;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    n = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    return parse(p, text);
}

void pel_signal_name(int number, char *out, size_t len)
{
    const char *name = sigabbrev_np(number);

    if (name)
        snprintf(out, len, "SIG%s", name);
    else
        snprintf(out, len, "SIG%d", number);
}
