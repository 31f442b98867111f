#include "pellucid/shm.h"

/* The writer is never away for long, unless it was killed. */
#define READ_TRIES 100

static const char *const words[PEL_PROCESS_N] = {
    "",
#define PEL_PROCESS(name, word) word,
#include "pellucid/tbl/processes.h"
#undef PEL_PROCESS
};

const char *pel_process_word(enum pel_process_role role)
{
    PEL_ASSERT((unsigned)role < PEL_PROCESS_N);
    return words[role];
}

void pel_account_open(struct pel_shm_account *a, enum pel_process_role role, pid_t pid)
{
    atomic_fetch_add(&a->changes, 1);
    atomic_store(&a->role, (uint32_t)role);
    atomic_store(&a->pid, pid);
    atomic_fetch_add(&a->changes, 1);
}

static void close_if(struct pel_shm_account *a, pid_t pid, const struct pel_proc *last)
{
    if (atomic_load(&a->pid) != pid)
        return;
    atomic_fetch_add(&a->changes, 1);
    atomic_store(&a->pid, 0);
    if (last) {
        atomic_fetch_add(&a->ended_ns[PEL_CPU_USER], last->user_ns);
        atomic_fetch_add(&a->ended_ns[PEL_CPU_SYSTEM], last->system_ns);
    }
    atomic_fetch_add(&a->changes, 1);
}

void pel_accounts_close(struct pel_shm *shm, pid_t pid, const struct pel_proc *last)
{
    if (pid <= 0)
        return;
    for (size_t i = 0; i < PEL_SHM_ACCOUNTS_N; i++)
        close_if(&shm->header->accounts[i], pid, last);
    for (unsigned i = 0; i < shm->n_slots; i++)
        close_if(&pel_shm_slot(shm, i)->account, pid, last);
}

/* One of that role before one that was never used; NULL: all are taken. */
static struct pel_shm_account *find_free(struct pel_shm_account *as, enum pel_process_role role)
{
    struct pel_shm_account *unused = NULL;

    for (size_t i = 0; i < PEL_SHM_ACCOUNTS_N; i++) {
        uint32_t its_role = atomic_load(&as[i].role);

        if (its_role == (uint32_t)role && atomic_load(&as[i].pid) == 0)
            return &as[i];
        if (its_role == PEL_PROCESS_NONE && !unused)
            unused = &as[i];
    }
    return unused;
}

void pel_accounts_open(struct pel_shm *shm, enum pel_process_role role, pid_t pid)
{
    struct pel_shm_account *a = find_free(shm->header->accounts, role);

    if (a)
        pel_account_open(a, role, pid);
}

/* False: it was changed meanwhile. */
static bool try_read(const struct pel_shm_account *a, uint64_t cpu_ns[PEL_CPU_MODE_N], pid_t *pid,
                     struct pel_proc *present)
{
    uint32_t changes = atomic_load(&a->changes);

    for (size_t i = 0; i < PEL_CPU_MODE_N; i++)
        cpu_ns[i] = atomic_load(&a->ended_ns[i]);
    *pid = atomic_load(&a->pid);
    if (!pel_proc_read(present, *pid))
        *pid = 0;
    cpu_ns[PEL_CPU_USER] += present->user_ns;
    cpu_ns[PEL_CPU_SYSTEM] += present->system_ns;
    return changes % 2 == 0 && atomic_load(&a->changes) == changes;
}

pid_t pel_account_read(struct pel_shm_account *a, uint64_t cpu_ns[PEL_CPU_MODE_N],
                       struct pel_proc *present)
{
    bool is_sound = false;
    pid_t pid = 0;

    for (unsigned i = 0; i < READ_TRIES && !is_sound; i++)
        is_sound = try_read(a, cpu_ns, &pid, present);
    for (size_t i = 0; i < PEL_CPU_MODE_N; i++) {
        uint64_t told_ns = atomic_load(&a->told_ns[i]);

        if (is_sound && cpu_ns[i] > told_ns)
            atomic_store(&a->told_ns[i], cpu_ns[i]);
        else
            cpu_ns[i] = told_ns;
    }
    return pid;
}
