/* What /proc says of this process and of a child. */
#include "../check.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pellucid/proc.h"
#include "pellucid/time.h"

static void burn(uint64_t ns)
{
    while (pel_clock_ns(CLOCK_PROCESS_CPUTIME_ID) < ns)
        ;
}

static void own_process(void **state)
{
    struct pel_proc p;

    burn(50 * PEL_NS_PER_MS);
    assert_true(pel_proc_read(&p, getpid()));
    assert_true(p.user_ns + p.system_ns >= 20 * PEL_NS_PER_MS);
    assert_true(p.user_ns + p.system_ns <= pel_clock_ns(CLOCK_PROCESS_CPUTIME_ID));
    assert_true(p.n_threads >= 1);
    assert_true(p.resident_bytes > 100000);
    assert_true(p.virtual_bytes > p.resident_bytes);
    assert_true(p.started_ns > 0 && p.started_ns <= pel_clock_ns(CLOCK_BOOTTIME));
}

static void dead_child_is_known_until_it_is_reaped(void **state)
{
    struct pel_proc p;
    siginfo_t info;
    pid_t pid = fork();

    if (pid == 0) {
        burn(50 * PEL_NS_PER_MS);
        _exit(0);
    }
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    assert_true(pel_proc_read(&p, pid));
    assert_true(p.user_ns + p.system_ns >= 20 * PEL_NS_PER_MS);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_false(pel_proc_read(&p, pid));
}

static void no_process(void **state)
{
    struct pel_proc p;

    assert_false(pel_proc_read(&p, 0));
    assert_false(pel_proc_read(&p, -1));
    assert_false(pel_proc_read(&p, 0x7ffffff0));
}

static void names_of_signals(void **state)
{
    char name[16];

    pel_signal_name(SIGTERM, name, sizeof(name));
    assert_string_equal(name, "SIGTERM");
    pel_signal_name(200, name, sizeof(name));
    assert_string_equal(name, "SIG200");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_process),
        cmocka_unit_test(dead_child_is_known_until_it_is_reaped),
        cmocka_unit_test(no_process),
        cmocka_unit_test(names_of_signals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
