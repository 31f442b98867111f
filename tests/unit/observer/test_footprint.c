/* What a process has to itself: of a child that is made to have it. */
#include "../probe/fixture.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "observer/footprint.h"

#define LEN (32U << 20)

/* A child that has written to so much of what it was given, and waits. */
static pid_t child_with(char *memory, size_t len)
{
    int fds[2];
    char c;
    pid_t pid;

    assert_int_equal(pipe(fds), 0);
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
        for (size_t i = 0; i < len; i++)
            memory[i] = 2;
        c = 0;
        _exit(write(fds[1], &c, 1) == 1 ? pause() : 1);
    }
    close(fds[1]);
    assert_int_equal(read(fds[0], &c, 1), 1);
    close(fds[0]);
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void pages_are_its_own_once_it_has_written_to_them(void **state)
{
    char *memory = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct pel_footprint_item shares, owns;
    pid_t pids[2];

    memset(memory, 1, LEN);
    pids[0] = child_with(memory, 0);
    pids[1] = child_with(memory, LEN);
    assert_true(pel_footprint_read(&shares, pids[0]));
    assert_true(pel_footprint_read(&owns, pids[1]));
    assert_int_equal(owns.pid, pids[1]);
    assert_true(owns.unique_bytes >= LEN && owns.proportional_bytes >= owns.unique_bytes);
    /* TSan has memory of its own in each of them. */
    assert_true(owns.unique_bytes >= shares.unique_bytes + LEN / 2);
    /* It and this process share them. */
    assert_true(shares.proportional_bytes >= shares.unique_bytes + LEN / 2);
    end(pids[0]);
    end(pids[1]);
    munmap(memory, LEN);
}

static void nobody_has_none(void **state)
{
    struct pel_footprint_item item;

    assert_false(pel_footprint_read(&item, 0x7ffffff0));
    assert_int_equal(item.pid, 0);
}

static void first_look_starts_the_reading(void **state)
{
    struct pel_shm shm = fixture_shm(2);
    const struct pel_footprint_item *item;
    struct pel_footprint f;
    uv_loop_t loop;
    pid_t pid;

    assert_int_equal(uv_loop_init(&loop), 0);
    pel_footprint_init(&f, &loop, &shm);
    atomic_store(&pel_shm_slot(&shm, 1)->pid, getpid());
    assert_null(pel_footprint_of(&f, 1));
    uv_run(&loop, UV_RUN_DEFAULT);
    item = pel_footprint_of(&f, 1);
    assert_non_null(item);
    assert_true(item->unique_bytes > 100000);
    assert_null(pel_footprint_of(&f, 0));
    /* Not again so soon, and not of another process. */
    assert_false(f.is_reading);
    pid = child_with(NULL, 0);
    atomic_store(&pel_shm_slot(&shm, 1)->pid, pid);
    assert_null(pel_footprint_of(&f, 1));
    f.next_ns = 0;
    assert_null(pel_footprint_of(&f, 1));
    assert_true(f.is_reading);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_non_null(pel_footprint_of(&f, 1));
    end(pid);
    pel_footprint_fini(&f);
    assert_int_equal(uv_loop_close(&loop), 0);
    pel_shm_close(&shm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_its_own_once_it_has_written_to_them),
        cmocka_unit_test(nobody_has_none),
        cmocka_unit_test(first_look_starts_the_reading),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
