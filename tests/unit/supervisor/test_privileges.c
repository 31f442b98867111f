#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "supervisor/privileges.h"

static void nothing_set_changes_nothing(void **state)
{
    struct pel_privileges p;
    struct pel_err err;

    assert_int_equal(pel_privileges_find(&p, "", "", &err), 0);
    assert_false(p.is_set);
    assert_int_equal(pel_privileges_drop(&p), 0);
    pel_privileges_fini(&p);
}

static void unknown_names_are_named(void **state)
{
    struct pel_privileges p;
    struct pel_err err;

    assert_int_equal(pel_privileges_find(&p, "no-such-user", "", &err), -1);
    assert_non_null(strstr(err.text, "server.user: there is no user \"no-such-user\""));
    assert_int_equal(pel_privileges_find(&p, "", "no-such-group", &err), -1);
    assert_non_null(strstr(err.text, "server.group: there is no group \"no-such-group\""));
}

static void who_we_are_already_needs_no_root(void **state)
{
    struct pel_privileges p;
    struct pel_err err;

    if (geteuid() == 0 && setresuid(65534, 65534, 0) == -1)
        skip();
    assert_int_equal(pel_privileges_find(&p, "root", "", &err), -1);
    assert_non_null(strstr(err.text, "only root"));
    if (getuid() != 0 && setresuid(0, 0, 0) == -1)
        skip();
}

static void a_child_becomes_the_user_for_good(void **state)
{
    struct pel_privileges p;
    struct pel_err err;
    int status;
    pid_t pid;

    if (geteuid() != 0)
        skip();
    assert_int_equal(pel_privileges_find(&p, "nobody", "", &err), 0);
    assert_true(p.is_set);
    assert_true(p.n_groups >= 1);
    pid = fork();
    if (pid == 0)
        _exit(pel_privileges_drop(&p) == 0 && getuid() == p.uid && getgid() == p.gid &&
                      setuid(0) == -1
                  ? 0
                  : 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    pel_privileges_fini(&p);
}

static void numbers_are_fine(void **state)
{
    struct pel_privileges p;
    struct pel_err err;

    if (geteuid() != 0)
        skip();
    assert_int_equal(pel_privileges_find(&p, "", "12345", &err), 0);
    assert_int_equal(p.gid, 12345);
    assert_int_equal(p.uid, 0);
    pel_privileges_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_set_changes_nothing),
        cmocka_unit_test(unknown_names_are_named),
        cmocka_unit_test(a_child_becomes_the_user_for_good),
        cmocka_unit_test(numbers_are_fine),
        cmocka_unit_test(who_we_are_already_needs_no_root),
    };

    return cmocka_run_group_tests_name("privileges", tests, NULL, NULL);
}
