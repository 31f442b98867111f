#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "folder.h"
#include "supervisor/listen.h"

static const struct pel_listen_how how = {"server.bind", 16, 0666};

static int make(void **state)
{
    static struct folder f;

    folder_make(&f);
    *state = &f;
    return 0;
}

static int remove_it(void **state)
{
    folder_remove(*state);
    return 0;
}

static void tcp_gets_a_port_and_says_which(void **state)
{
    struct pel_sockets ss = {NULL, 0};
    struct pel_err err;

    assert_int_equal(pel_listen_open(&ss, "127.0.0.1:0", &how, &err), 0);
    assert_int_equal(ss.n, 1);
    assert_memory_equal(ss.items[0].url, "http://127.0.0.1:", 17);
    assert_true(atoi(ss.items[0].url + 17) > 0);
    assert_true(fcntl(ss.items[0].fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(ss.items[0].fd, F_GETFD) & FD_CLOEXEC);
    pel_listen_close(&ss);
    assert_int_equal(ss.n, 0);
}

static void a_taken_port_is_named(void **state)
{
    struct pel_sockets ss = {NULL, 0}, again = {NULL, 0};
    struct pel_err err;

    assert_int_equal(pel_listen_open(&ss, "127.0.0.1:0", &how, &err), 0);
    assert_int_equal(pel_listen_open(&again, ss.items[0].url + strlen("http://"), &how, &err), -1);
    assert_non_null(strstr(err.text, "server.bind: cannot listen on 127.0.0.1:"));
    assert_non_null(strstr(err.text, "another process"));
    assert_int_equal(again.n, 0);
    pel_listen_close(&ss);
}

static void ipv6_is_ipv6_alone(void **state)
{
    struct pel_sockets ss = {NULL, 0};
    struct pel_err err;
    int on = 0;
    socklen_t len = sizeof(on);

    if (pel_listen_open(&ss, "[::1]:0", &how, &err) == -1)
        skip(); /* no IPv6 on this machine */
    assert_memory_equal(ss.items[0].url, "http://[::1]:", 13);
    assert_int_equal(getsockopt(ss.items[0].fd, 41 /* IPPROTO_IPV6 */, 26 /* V6ONLY */, &on, &len),
                     0);
    assert_int_equal(on, 1);
    pel_listen_close(&ss);
}

static void unix_bind(const struct folder *f, char *text, size_t len)
{
    snprintf(text, len, "unix:%s/s", f->path);
}

static void a_unix_socket_is_made_and_removed(void **state)
{
    struct pel_sockets ss = {NULL, 0};
    struct pel_err err;
    struct stat st;
    char text[96];

    unix_bind(*state, text, sizeof(text));
    assert_int_equal(pel_listen_open(&ss, text, &how, &err), 0);
    assert_string_equal(ss.items[0].url, text);
    assert_int_equal(stat(text + 5, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0666);
    pel_listen_close(&ss);
    assert_int_equal(stat(text + 5, &st), -1);
}

static void a_stale_unix_socket_is_replaced_but_no_living_one(void **state)
{
    struct pel_sockets ss = {NULL, 0}, other = {NULL, 0};
    struct pel_err err;
    struct stat st;
    char text[96];

    unix_bind(*state, text, sizeof(text));
    assert_int_equal(pel_listen_open(&ss, text, &how, &err), 0);
    assert_int_equal(pel_listen_open(&other, text, &how, &err), -1);
    assert_non_null(strstr(err.text, "in use"));
    pel_listen_stop(&ss); /* as if it had been killed */
    assert_int_equal(pel_listen_open(&other, text, &how, &err), 0);
    pel_listen_close(&ss); /* the file is the other's now */
    assert_int_equal(stat(text + 5, &st), 0);
    pel_listen_close(&other);
}

static void a_file_is_no_socket(void **state)
{
    struct pel_sockets ss = {NULL, 0};
    struct pel_err err;
    char text[96];

    unix_bind(*state, text, sizeof(text));
    folder_write(*state, "s", "precious");
    assert_int_equal(pel_listen_open(&ss, text, &how, &err), -1);
    assert_non_null(strstr(err.text, "is no socket"));
}

static void abstract_names_work(void **state)
{
    struct pel_sockets ss = {NULL, 0};
    struct pel_err err;
    char text[64];

    snprintf(text, sizeof(text), "unix:@pel-test-%d", (int)getpid());
    assert_int_equal(pel_listen_open(&ss, text, &how, &err), 0);
    assert_string_equal(ss.items[0].url, text);
    pel_listen_close(&ss);
}

static void a_descriptor_must_listen(void **state)
{
    struct pel_sockets ss = {NULL, 0};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct pel_err err;
    char text[32];

    snprintf(text, sizeof(text), "fd://%d", fd);
    assert_int_equal(pel_listen_open(&ss, text, &how, &err), -1);
    assert_non_null(strstr(err.text, "not a listening stream socket"));
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(pel_listen_open(&ss, text, &how, &err), 0);
    assert_memory_equal(ss.items[0].url, "http://0.0.0.0:", 15);
    pel_listen_close(&ss);
}

static void systemd_is_meant_for_one_process(void **state)
{
    struct pel_sockets ss = {NULL, 0}, admin = {NULL, 0};
    struct pel_err err;

    setenv("LISTEN_PID", "1", 1);
    setenv("LISTEN_FDS", "1", 1);
    assert_int_equal(pel_listen_take_systemd(&ss, &admin, &err), 0);
    assert_int_equal(ss.n, 0);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
}

static void errors_name_directive_and_text(void **state)
{
    struct pel_sockets ss = {NULL, 0};
    struct pel_err err;

    assert_int_equal(pel_listen_open(&ss, "localhost", &how, &err), -1);
    assert_string_equal(err.text, "server.bind: \"localhost\": the port is missing");
    assert_int_equal(pel_listen_open(&ss, "no.such.host.invalid:80", &how, &err), -1);
    assert_non_null(strstr(err.text, "cannot resolve no.such.host.invalid"));
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make, remove_it)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp_gets_a_port_and_says_which),
        cmocka_unit_test(a_taken_port_is_named),
        cmocka_unit_test(ipv6_is_ipv6_alone),
        IN_FOLDER(a_unix_socket_is_made_and_removed),
        IN_FOLDER(a_stale_unix_socket_is_replaced_but_no_living_one),
        IN_FOLDER(a_file_is_no_socket),
        cmocka_unit_test(abstract_names_work),
        cmocka_unit_test(a_descriptor_must_listen),
        cmocka_unit_test(systemd_is_meant_for_one_process),
        cmocka_unit_test(errors_name_directive_and_text),
    };

    return cmocka_run_group_tests_name("listen", tests, NULL, NULL);
}
