#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "supervisor/command.h"
#include "supervisor/privileges.h"

static const struct pel_privileges as_we_are = {.is_set = false};

/* A shell that runs script, with what is added as its arguments. */
static int status_of(const char *script, int fd)
{
    char *argv[] = {"/bin/sh", "-c", (char *)(uintptr_t)script, "sh", NULL};
    struct pel_command c;
    struct pel_err err;
    int status;
    pid_t pid;

    pel_command_init(&c, argv);
    pel_command_add_fd(&c, "--control", fd);
    pid = pel_command_spawn(&c, &as_we_are, &err);
    pel_command_fini(&c);
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void arguments_are_in_order(void **state)
{
    assert_int_equal(status_of("[ \"$*\" = '--control=-1' ] && exit 7", -1), 7);
}

static void only_named_descriptors_are_inherited(void **state)
{
    int named = open("/dev/null", O_RDWR | O_CLOEXEC),
        other = open("/dev/null", O_RDWR | O_CLOEXEC);
    char script[128];

    snprintf(script, sizeof(script), "[ -e /proc/self/fd/%d ] && [ ! -e /proc/self/fd/%d ]", named,
             other);
    assert_int_equal(status_of(script, named), 0);
    assert_true(fcntl(named, F_GETFD) & FD_CLOEXEC);
    close(named);
    close(other);
}

static void signals_begin_afresh(void **state)
{
    sigset_t set;

    signal(SIGUSR1, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    assert_int_equal(status_of("grep -q 'SigBlk:.0*$' /proc/self/status && "
                               "grep -q 'SigIgn:.0*$' /proc/self/status",
                               -1),
                     0);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    signal(SIGUSR1, SIG_DFL);
}

static void what_a_manager_told_us_is_not_passed_on(void **state)
{
    setenv("NOTIFY_SOCKET", "/nowhere", 1);
    setenv("LISTEN_FDS", "1", 1);
    setenv("PEL_TEST", "kept", 1);
    assert_int_equal(
        status_of("[ -z \"$NOTIFY_SOCKET$LISTEN_FDS\" ] && [ \"$PEL_TEST\" = kept ]", -1), 0);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("LISTEN_FDS");
    unsetenv("PEL_TEST");
}

static void no_such_program_is_status_127(void **state)
{
    char *argv[] = {"/no/such/python", NULL};
    struct pel_command c;
    struct pel_err err;
    int status;

    pel_command_init(&c, argv);
    assert_int_equal(waitpid(pel_command_spawn(&c, &as_we_are, &err), &status, 0) > 0, 1);
    pel_command_fini(&c);
    assert_int_equal(WEXITSTATUS(status), 127);
}

static void a_document_reads_from_its_beginning(void **state)
{
    struct pel_err err;
    int fd = pel_command_document("test", "{\"a\": 1}", &err);
    char text[16] = {0};

    assert_int_equal(read(fd, text, sizeof(text)), 8);
    assert_string_equal(text, "{\"a\": 1}");
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_are_in_order),
        cmocka_unit_test(only_named_descriptors_are_inherited),
        cmocka_unit_test(signals_begin_afresh),
        cmocka_unit_test(what_a_manager_told_us_is_not_passed_on),
        cmocka_unit_test(no_such_program_is_status_127),
        cmocka_unit_test(a_document_reads_from_its_beginning),
    };

    return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
