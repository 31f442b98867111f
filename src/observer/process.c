#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "pellucid/mem.h"
#include "process.h"

static const char *const cpu_modes[PEL_CPU_MODE_N] = {"user", "system"};

static bool count_fds(uint64_t *n, pid_t pid)
{
    char path[64];
    DIR *dir;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    dir = opendir(path);
    if (!dir)
        return false;
    for (const struct dirent *e; (e = readdir(dir));)
        *n += e->d_name[0] != '.';
    closedir(dir);
    return true;
}

void pel_process_add(struct pel_process *p, struct pel_shm_account *a)
{
    uint32_t role = atomic_load(&a->role);
    uint64_t cpu_ns[PEL_CPU_MODE_N];
    struct pel_proc now;
    pid_t pid;

    if (role == PEL_PROCESS_NONE || role >= PEL_PROCESS_N)
        return;
    p->role = (enum pel_process_role)role;
    pid = pel_account_read(a, cpu_ns, &now);
    for (size_t i = 0; i < PEL_CPU_MODE_N; i++)
        p->cpu_ns[i] += cpu_ns[i];
    if (pid == 0 || now.resident_bytes == 0)
        return; /* it has ended */
    p->n++;
    p->resident_bytes += now.resident_bytes;
    p->n_threads += now.n_threads;
    if (!count_fds(&p->n_fds, pid))
        p->are_fds_hidden = true;
}

/* The workers' slots, behind the other roles. */
struct processes {
    struct pel_process *items; /* owned */
    size_t n;
};

static void read_others(struct pel_process items[PEL_PROCESS_N], struct pel_shm *shm)
{
    for (size_t i = 0; i < PEL_SHM_ACCOUNTS_N; i++) {
        struct pel_shm_account *a = &shm->header->accounts[i];
        uint32_t role = atomic_load(&a->role);

        if (role < PEL_PROCESS_N)
            pel_process_add(&items[role], a);
    }
}

static void read_all(struct processes *ps, struct pel_shm *shm)
{
    ps->n = PEL_PROCESS_N + shm->n_slots;
    ps->items = pel_mem_new(ps->n, sizeof(*ps->items));
    read_others(ps->items, shm);
    for (unsigned i = 0; i < shm->n_slots; i++) {
        struct pel_process *p = &ps->items[PEL_PROCESS_N + i];

        p->worker = i;
        pel_process_add(p, &pel_shm_slot(shm, i)->account);
    }
}

/* --- metrics --- */

static void add_labels(struct pel_labels *ls, const struct pel_process *p)
{
    pel_labels_cstr(ls, "pellucid.process.role", pel_process_word(p->role));
    if (p->role == PEL_PROCESS_WORKER)
        pel_labels_number(ls, "pellucid.worker.id", p->worker);
}

static void collect_cpu(struct pel_sink *sink, const struct processes *ps)
{
    static const struct pel_metric_info info = {
        PEL_METRIC_KIND_COUNTER, "ns", "process.cpu.time",
        "CPU time of the server's processes, of those that have ended, too."};

    sink->family(sink, &info);
    for (size_t i = 0; i < ps->n; i++) {
        const struct pel_process *p = &ps->items[i];

        for (size_t mode = 0; mode < PEL_CPU_MODE_N && p->role; mode++) {
            struct pel_labels ls = {.n = 0};

            add_labels(&ls, p);
            pel_labels_cstr(&ls, "cpu.mode", cpu_modes[mode]);
            sink->point(sink, &ls, p->cpu_ns[mode]);
        }
    }
}

static const struct {
    struct pel_metric_info info;
    size_t offset; /* of a uint64_t in struct pel_process */
} families[] = {
    {{PEL_METRIC_KIND_UPDOWN, "By", "process.memory.usage", "Resident memory."},
     offsetof(struct pel_process, resident_bytes)},
    {{PEL_METRIC_KIND_UPDOWN, "{thread}", "process.thread.count", "Threads."},
     offsetof(struct pel_process, n_threads)},
    {{PEL_METRIC_KIND_UPDOWN, "{file_descriptor}", "process.unix.file_descriptor.count",
      "Descriptors that are open."},
     offsetof(struct pel_process, n_fds)},
};

static void collect_family(struct pel_sink *sink, size_t f, const struct processes *ps)
{
    bool is_fds = families[f].offset == offsetof(struct pel_process, n_fds);

    sink->family(sink, &families[f].info);
    for (size_t i = 0; i < ps->n; i++) {
        const char *value = (const char *)&ps->items[i] + families[f].offset;
        struct pel_labels ls = {.n = 0};

        if (ps->items[i].n == 0 || (is_fds && ps->items[i].are_fds_hidden))
            continue;
        add_labels(&ls, &ps->items[i]);
        sink->point(sink, &ls, *(const uint64_t *)(const void *)value);
    }
}

void pel_process_collect(struct pel_sink *sink, struct pel_shm *shm)
{
    struct processes ps;

    read_all(&ps, shm);
    collect_cpu(sink, &ps);
    for (size_t f = 0; f < PEL_ARRAY_LEN(families); f++)
        collect_family(sink, f, &ps);
    free(ps.items);
}

/* --- the status page --- */

static void show(struct pel_json *j, const struct pel_process *p)
{
    pel_json_open(j, "cpu_seconds", '{');
    for (size_t mode = 0; mode < PEL_CPU_MODE_N; mode++)
        pel_json_seconds(j, cpu_modes[mode], p->cpu_ns[mode]);
    pel_json_close(j, '}');
    if (p->n == 0)
        return;
    pel_json_uint(j, "memory_bytes", p->resident_bytes);
    pel_json_uint(j, "threads", p->n_threads);
    if (!p->are_fds_hidden)
        pel_json_uint(j, "file_descriptors", p->n_fds);
}

void pel_process_show_worker(struct pel_json *j, struct pel_shm_slot *slot)
{
    struct pel_process p = {.n = 0};

    pel_process_add(&p, &slot->account);
    show(j, &p);
}

void pel_process_show_others(struct pel_json *j, struct pel_shm *shm)
{
    struct pel_process items[PEL_PROCESS_N] = {{.n = 0}};

    read_others(items, shm);
    pel_json_open(j, "processes", '[');
    for (size_t i = 0; i < PEL_PROCESS_N; i++) {
        if (!items[i].role)
            continue;
        pel_json_open(j, NULL, '{');
        pel_json_cstr(j, "role", pel_process_word(items[i].role));
        pel_json_uint(j, "processes", items[i].n);
        show(j, &items[i]);
        pel_json_close(j, '}');
    }
    pel_json_close(j, ']');
}

void pel_process_show_role(struct pel_json *j, const char *key, struct pel_shm *shm,
                           enum pel_process_role role)
{
    struct pel_process items[PEL_PROCESS_N] = {{.n = 0}};

    read_others(items, shm);
    pel_json_open(j, key, '{');
    show(j, &items[role]);
    pel_json_close(j, '}');
}
