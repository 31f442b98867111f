/* What /proc says of a process: this one, which knows the answers. */
#include "../probe/fixture.h"

#include <fcntl.h>
#include <pthread.h>

#include "observer/process.h"

static struct pel_process processes_of(struct pel_shm *shm)
{
    struct pel_process p = {.n = 0};

    pel_process_add(&p, &pel_shm_slot(shm, 0)->account);
    return p;
}

static void *wait_for_line(void *arg)
{
    char c;

    return read(*(int *)arg, &c, 1) < 0 ? arg : NULL;
}

static void threads_and_descriptors_are_counted(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_process before, after;
    pthread_t first, second;
    int fds[2], more[2];

    pel_account_open(&pel_shm_slot(&shm, 0)->account, PEL_PROCESS_WORKER, getpid());
    /* With the first thread TSan starts one of its own. */
    assert_int_equal(pipe(fds), 0);
    pthread_create(&first, NULL, wait_for_line, &fds[0]);
    before = processes_of(&shm);
    assert_int_equal(before.role, PEL_PROCESS_WORKER);
    assert_int_equal(before.n, 1);
    assert_true(before.resident_bytes > 100000);
    assert_int_equal(pipe(more), 0);
    pthread_create(&second, NULL, wait_for_line, &fds[0]);
    after = processes_of(&shm);
    assert_int_equal(after.n_fds, before.n_fds + 2);
    assert_int_equal(after.n_threads, before.n_threads + 1);
    close(fds[1]);
    pthread_join(first, NULL);
    pthread_join(second, NULL);
    close(fds[0]);
    close(more[0]);
    close(more[1]);
    pel_shm_close(&shm);
}

static void what_has_ended_has_cpu_only(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_account *a = &pel_shm_slot(&shm, 0)->account;
    struct pel_process p = processes_of(&shm);

    assert_int_equal(p.role, PEL_PROCESS_NONE);
    pel_account_open(a, PEL_PROCESS_WORKER, 0x7ffffff0);
    pel_accounts_close(&shm, 0x7ffffff0, &(struct pel_proc){.user_ns = 7, .system_ns = 3});
    p = processes_of(&shm);
    assert_int_equal(p.role, PEL_PROCESS_WORKER);
    assert_int_equal(p.n, 0);
    assert_int_equal(p.cpu_ns[PEL_CPU_USER], 7);
    assert_int_equal(p.cpu_ns[PEL_CPU_SYSTEM], 3);
    assert_int_equal(p.resident_bytes, 0);
    pel_shm_close(&shm);
}

static void several_are_added_up(void **state)
{
    struct pel_shm shm = fixture_shm(2);
    struct pel_process one, both = {.n = 0};

    for (unsigned i = 0; i < 2; i++)
        pel_account_open(&pel_shm_slot(&shm, i)->account, PEL_PROCESS_TEMPLATE, getpid());
    one = processes_of(&shm);
    for (unsigned i = 0; i < 2; i++)
        pel_process_add(&both, &pel_shm_slot(&shm, i)->account);
    assert_int_equal(both.n, 2);
    assert_int_equal(both.n_threads, 2 * one.n_threads);
    assert_int_equal(both.n_fds, 2 * one.n_fds);
    assert_true(both.resident_bytes >= 2 * one.resident_bytes);
    pel_shm_close(&shm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_and_descriptors_are_counted),
        cmocka_unit_test(what_has_ended_has_cpu_only),
        cmocka_unit_test(several_are_added_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
