#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "cpus.h"
#include "pellucid/base.h"

#define CPUS_MAX 8192

static unsigned affinity(void)
{
    cpu_set_t *set = CPU_ALLOC(CPUS_MAX);
    size_t len = CPU_ALLOC_SIZE(CPUS_MAX);
    int n = 1;

    PEL_ASSERT(set != NULL);
    if (sched_getaffinity(0, len, set) == 0)
        n = CPU_COUNT_S(len, set);
    CPU_FREE(set);
    return n > 0 ? (unsigned)n : 1;
}

/* First line of a file without its newline. */
static bool read_line(const char *path, char *line, size_t len)
{
    FILE *f = fopen(path, "re");
    bool ok;

    if (!f)
        return false;
    ok = fgets(line, (int)len, f) != NULL;
    fclose(f);
    if (ok)
        line[strcspn(line, "\n")] = '\0';
    return ok;
}

static unsigned cpus_of(long long quota_us, long long period_us)
{
    long long n;

    if (quota_us <= 0 || period_us <= 0)
        return 0;
    n = (quota_us + period_us - 1) / period_us;
    return n < CPUS_MAX ? (unsigned)n : CPUS_MAX;
}

/* cgroup v2: "max 100000" or "150000 100000". */
static unsigned quota_v2(const char *folder)
{
    char path[PATH_MAX], line[64];
    long long quota_us, period_us;

    if (snprintf(path, sizeof(path), "%s/cpu.max", folder) >= (int)sizeof(path) ||
        !read_line(path, line, sizeof(line)) ||
        sscanf(line, "%lld %lld", &quota_us, &period_us) != 2)
        return 0;
    return cpus_of(quota_us, period_us);
}

static unsigned quota_v1(const char *folder)
{
    char path[PATH_MAX], quota[32], period[32];

    if (snprintf(path, sizeof(path), "%s/cpu.cfs_quota_us", folder) >= (int)sizeof(path) ||
        !read_line(path, quota, sizeof(quota)))
        return 0;
    if (snprintf(path, sizeof(path), "%s/cpu.cfs_period_us", folder) >= (int)sizeof(path) ||
        !read_line(path, period, sizeof(period)))
        return 0;
    return cpus_of(atoll(quota), atoll(period));
}

/* The tightest quota of group and all above it. A container sees its own group as the root of the
 * mount, whatever path /proc names: folders that are not there are passed over. */
static unsigned tightest(const char *mount, char *group, unsigned (*quota_of)(const char *))
{
    unsigned best = 0;

    for (;;) {
        char folder[PATH_MAX], *slash = strrchr(group, '/');
        unsigned n = 0;

        if (snprintf(folder, sizeof(folder), "%s%s", mount, group) < (int)sizeof(folder))
            n = quota_of(folder);
        if (n && (!best || n < best))
            best = n;
        if (!slash)
            return best;
        *slash = '\0';
    }
}

static bool has_word(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (const char *p = list; p; p = strchr(p, ',')) {
        p += *p == ',';
        if (strncmp(p, word, len) == 0 && (p[len] == ',' || p[len] == '\0'))
            return true;
    }
    return false;
}

/* One line of /proc/self/cgroup: "0::/group" (v2) or "4:cpu,cpuacct:/group" (v1). */
static unsigned quota_of_line(const char *root, char *line)
{
    char mount[PATH_MAX], *controllers = strchr(line, ':'), *group;

    if (!controllers)
        return 0;
    controllers++;
    group = strchr(controllers, ':');
    if (!group)
        return 0;
    *group++ = '\0';
    if (*controllers == '\0') {
        snprintf(mount, sizeof(mount), "%s/sys/fs/cgroup", root);
        return tightest(mount, group, quota_v2);
    }
    if (!has_word(controllers, "cpu"))
        return 0;
    snprintf(mount, sizeof(mount), "%s/sys/fs/cgroup/%s", root, controllers);
    return tightest(mount, group, quota_v1);
}

unsigned pel_cpus_quota(const char *root)
{
    char path[PATH_MAX], line[PATH_MAX];
    unsigned best = 0;
    FILE *f;

    snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
    f = fopen(path, "re");
    if (!f)
        return 0;
    while (fgets(line, sizeof(line), f)) {
        unsigned n;

        line[strcspn(line, "\n")] = '\0';
        n = quota_of_line(root, line);
        if (n && (!best || n < best))
            best = n;
    }
    fclose(f);
    return best;
}

unsigned pel_cpus_usable(const char *root)
{
    unsigned n = affinity(), quota = pel_cpus_quota(root);

    return quota && quota < n ? quota : n;
}
