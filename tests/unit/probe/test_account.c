/* CPU of processes in shared memory: of the living and of the dead, and never less. */
#include "fixture.h"

#include <sys/wait.h>

#define MS PEL_NS_PER_MS

static void burn(uint64_t ns)
{
    while (pel_clock_ns(CLOCK_PROCESS_CPUTIME_ID) < ns)
        ;
}

static uint64_t sum_of(struct pel_shm_account *a)
{
    uint64_t cpu_ns[PEL_CPU_MODE_N];
    struct pel_proc now;

    pel_account_read(a, cpu_ns, &now);
    return cpu_ns[PEL_CPU_USER] + cpu_ns[PEL_CPU_SYSTEM];
}

/* A child that has burned 50 ms and has ended, but is not reaped; its account is open. */
static pid_t dead_child(struct pel_shm_account *a)
{
    pid_t pid = fork();
    siginfo_t info;

    if (pid == 0) {
        burn(50 * MS);
        _exit(0);
    }
    pel_account_open(a, PEL_PROCESS_WORKER, pid);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    return pid;
}

/* What the kernel said of it. */
static struct pel_proc reap(struct pel_shm *shm, pid_t pid, bool is_known)
{
    struct pel_proc last;

    assert_true(pel_proc_read(&last, pid));
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    pel_accounts_close(shm, pid, is_known ? &last : NULL);
    return last;
}

static void sum_goes_on_from_process_to_process(void **state)
{
    struct pel_shm shm = fixture_shm(2);
    struct pel_shm_account *a = &pel_shm_slot(&shm, 1)->account;
    uint64_t before_ns = 0;

    for (int i = 0; i < 3; i++) {
        pid_t pid = dead_child(a);
        uint64_t alive_ns = sum_of(a);

        assert_true(alive_ns >= before_ns + 30 * MS);
        reap(&shm, pid, true);
        assert_int_equal(atomic_load(&a->pid), 0);
        assert_int_equal(sum_of(a), alive_ns);
        before_ns = alive_ns;
    }
    pel_shm_close(&shm);
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void nothing_told_is_taken_back(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_account *a = &pel_shm_slot(&shm, 0)->account;
    pid_t pid = dead_child(a);
    uint64_t told_ns = sum_of(a), cpu_ns[PEL_CPU_MODE_N];
    struct pel_proc first, next, none;

    /* Reaped, and nobody can say what it used. */
    first = reap(&shm, pid, false);
    assert_int_equal(sum_of(a), told_ns);
    /* The next one's first milliseconds are hidden behind that, not added to it. */
    next = reap(&shm, dead_child(a), true);
    assert_int_equal(pel_account_read(a, cpu_ns, &none), 0);
    assert_int_equal(cpu_ns[PEL_CPU_USER], larger(first.user_ns, next.user_ns));
    assert_int_equal(cpu_ns[PEL_CPU_SYSTEM], larger(first.system_ns, next.system_ns));
    pel_shm_close(&shm);
}

static void account_under_change_is_not_believed(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_account *a = &pel_shm_slot(&shm, 0)->account;

    pel_account_open(a, PEL_PROCESS_WORKER, getpid());
    burn(30 * MS);
    assert_true(sum_of(a) > 0);
    atomic_fetch_add(&a->changes, 1);
    atomic_store(&a->ended_ns[PEL_CPU_USER], 3600 * PEL_NS_PER_SEC);
    assert_true(sum_of(a) < 3600 * PEL_NS_PER_SEC);
    atomic_fetch_add(&a->changes, 1);
    assert_true(sum_of(a) >= 3600 * PEL_NS_PER_SEC);
    pel_shm_close(&shm);
}

static unsigned n_open(const struct pel_shm *shm, enum pel_process_role role)
{
    unsigned n = 0;

    for (size_t i = 0; i < PEL_SHM_ACCOUNTS_N; i++)
        n += atomic_load(&shm->header->accounts[i].role) == (uint32_t)role &&
             atomic_load(&shm->header->accounts[i].pid) != 0;
    return n;
}

static void accounts_are_used_again_by_their_role(void **state)
{
    struct pel_shm shm = fixture_shm(1);

    pel_accounts_open(&shm, PEL_PROCESS_OBSERVER, 1000000);
    for (pid_t pid = 1; pid <= 2 * PEL_SHM_ACCOUNTS_N; pid++) {
        pel_accounts_open(&shm, PEL_PROCESS_TEMPLATE, pid);
        assert_int_equal(n_open(&shm, PEL_PROCESS_TEMPLATE), 1);
        pel_accounts_close(&shm, pid, NULL);
    }
    for (pid_t pid = 1; pid <= 2 * PEL_SHM_ACCOUNTS_N; pid++)
        pel_accounts_open(&shm, PEL_PROCESS_TEMPLATE, pid);
    assert_int_equal(n_open(&shm, PEL_PROCESS_TEMPLATE), PEL_SHM_ACCOUNTS_N - 1);
    assert_int_equal(n_open(&shm, PEL_PROCESS_OBSERVER), 1);
    pel_accounts_close(&shm, 0, NULL);
    assert_int_equal(n_open(&shm, PEL_PROCESS_TEMPLATE), PEL_SHM_ACCOUNTS_N - 1);
    pel_shm_close(&shm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sum_goes_on_from_process_to_process),
        cmocka_unit_test(nothing_told_is_taken_back),
        cmocka_unit_test(account_under_change_is_not_believed),
        cmocka_unit_test(accounts_are_used_again_by_their_role),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
