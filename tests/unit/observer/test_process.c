/* What /proc says of a process: this one, which knows the answers. */
#include "../probe/fixture.h"

#include <fcntl.h>
#include <pthread.h>

#include "observer/process.h"

static void *wait_for_line(void *arg)
{
    char c;

    return read(*(int *)arg, &c, 1) < 0 ? arg : NULL;
}

static void threads_and_descriptors_are_counted(void **state)
{
    struct pel_process_usage before, after;
    pthread_t first, second;
    int fds[2], more[2];

    /* With the first thread TSan starts one of its own. */
    assert_int_equal(pipe(fds), 0);
    pthread_create(&first, NULL, wait_for_line, &fds[0]);
    assert_true(pel_process_read(&before, getpid()));
    assert_true(before.resident_bytes > 100000);
    assert_int_equal(pipe(more), 0);
    pthread_create(&second, NULL, wait_for_line, &fds[0]);
    assert_true(pel_process_read(&after, getpid()));
    assert_int_equal(after.n_fds, before.n_fds + 2);
    assert_int_equal(after.n_threads, before.n_threads + 1);
    close(fds[1]);
    pthread_join(first, NULL);
    pthread_join(second, NULL);
    close(fds[0]);
    close(more[0]);
    close(more[1]);
}

static void no_process_is_not_known(void **state)
{
    struct pel_process_usage u;

    assert_false(pel_process_read(&u, 0));
    assert_false(pel_process_read(&u, 0x7ffffff0));
    assert_false(u.is_known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_and_descriptors_are_counted),
        cmocka_unit_test(no_process_is_not_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
