#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "pellucid/time.h"
#include "supervisor/notify.h"

/* A manager that listens on path, or on an abstract name. */
static int manager(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    memcpy(sa.sun_path, path, len);
    if (path[0] == '@')
        sa.sun_path[0] = '\0';
    assert_int_equal(
        bind(fd, (struct sockaddr *)&sa, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
        0);
    return fd;
}

static void expect(int fd, const char *text)
{
    char got[256];
    ssize_t n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);

    assert_true(n >= 0);
    got[n] = '\0';
    assert_string_equal(got, text);
}

static void forget(void)
{
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

static void talk_to(const char *path)
{
    int fd = manager(path);
    struct pel_notify n;

    setenv("NOTIFY_SOCKET", path, 1);
    pel_notify_open(&n);
    pel_notify_send(&n, "READY=1\nSTATUS=%d workers", 3);
    expect(fd, "READY=1\nSTATUS=3 workers");
    close(fd);
    pel_notify_send(&n, "STOPPING=1"); /* nobody there: no harm */
    pel_notify_close(&n);
    forget();
}

static void a_path_is_told(void **state)
{
    char path[64];

    snprintf(path, sizeof(path), "/tmp/pel-notify-%d", (int)getpid());
    talk_to(path);
    unlink(path);
}

static void an_abstract_name_is_told(void **state)
{
    char path[64];

    snprintf(path, sizeof(path), "@pel-notify-%d", (int)getpid());
    talk_to(path);
}

static void without_a_manager_nothing_happens(void **state)
{
    static const char *const useless[] = {NULL, "", "relative", "/nobody/listens/here"};

    for (size_t i = 0; i < PEL_ARRAY_LEN(useless); i++) {
        struct pel_notify n;

        forget();
        if (useless[i])
            setenv("NOTIFY_SOCKET", useless[i], 1);
        pel_notify_open(&n);
        assert_int_equal(n.fd, -1);
        pel_notify_send(&n, "READY=1");
        pel_notify_close(&n);
    }
    forget();
}

static void the_watchdog_is_ours_only_if_it_says_so(void **state)
{
    char path[64], pid[16];
    struct pel_notify n;
    int fd;

    snprintf(path, sizeof(path), "@pel-watchdog-%d", (int)getpid());
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    fd = manager(path);
    setenv("NOTIFY_SOCKET", path, 1);
    setenv("WATCHDOG_USEC", "3000000", 1);
    setenv("WATCHDOG_PID", pid, 1);
    pel_notify_open(&n);
    assert_int_equal(n.watchdog_ns, 3 * PEL_NS_PER_SEC);
    pel_notify_close(&n);
    setenv("WATCHDOG_PID", "1", 1);
    pel_notify_open(&n);
    assert_int_equal(n.watchdog_ns, 0);
    pel_notify_close(&n);
    close(fd);
    forget();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_told),
        cmocka_unit_test(an_abstract_name_is_told),
        cmocka_unit_test(without_a_manager_nothing_happens),
        cmocka_unit_test(the_watchdog_is_ours_only_if_it_says_so),
    };

    return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
