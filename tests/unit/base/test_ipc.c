#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "pellucid/ipc.h"

static void open_pair(int fds[2])
{
    struct pel_err err;

    assert_int_equal(pel_ipc_pair(fds, &err), 0);
}

static void message_arrives_whole(void **state)
{
    struct pel_msg out = {.type = PEL_MSG_RECYCLE, .slot = 7, .pid = 42, .text = "max_requests"},
                   in;
    int fds[2], fd = 99;

    open_pair(fds);
    assert_int_equal(pel_ipc_send(fds[0], &out, -1), 0);
    assert_int_equal(pel_ipc_recv(fds[1], &in, &fd), 1);
    assert_int_equal(fd, -1);
    assert_memory_equal(&in, &out, sizeof(in));
    close(fds[0]);
    assert_int_equal(pel_ipc_recv(fds[1], &in, &fd), 0);
    close(fds[1]);
}

static void descriptor_comes_along_and_closes_on_exec(void **state)
{
    struct pel_msg msg = {.type = PEL_MSG_HANDOFF};
    int fds[2], pipe_fds[2], fd = -1;
    char byte;

    open_pair(fds);
    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(pel_ipc_send(fds[0], &msg, pipe_fds[1]), 0);
    close(pipe_fds[1]);
    assert_int_equal(pel_ipc_recv(fds[1], &msg, &fd), 1);
    assert_true(fd >= 0);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(write(fd, "x", 1), 1);
    assert_int_equal(read(pipe_fds[0], &byte, 1), 1);
    close(fd);
    close(pipe_fds[0]);
    close(fds[0]);
    close(fds[1]);
}

static void last_words_survive_unread_ones(void **state)
{
    struct pel_msg msg = {.type = PEL_MSG_DRAIN};
    int fds[2], fd;

    open_pair(fds);
    assert_int_equal(pel_ipc_send(fds[0], &msg, -1), 0);
    msg.type = PEL_MSG_DRAINED;
    assert_int_equal(pel_ipc_send(fds[1], &msg, -1), 0);
    close(fds[1]); /* DRAIN was never read: the kernel reports a reset first */
    assert_int_equal(pel_ipc_recv(fds[0], &msg, &fd), 1);
    assert_int_equal(msg.type, PEL_MSG_DRAINED);
    assert_int_equal(pel_ipc_recv(fds[0], &msg, &fd), 0);
    close(fds[0]);
}

static void a_full_socket_says_so(void **state)
{
    struct pel_msg msg = {.type = PEL_MSG_HANDOFF};
    int fds[2], n = 0;

    open_pair(fds);
    while (pel_ipc_send(fds[0], &msg, -1) == 0)
        n++;
    assert_int_equal(errno, EAGAIN);
    assert_true(n > 10);
    close(fds[0]);
    close(fds[1]);
}

static void strange_bytes_are_refused(void **state)
{
    struct pel_msg msg = {.type = PEL_MSG_N};
    int fds[2], fd;

    open_pair(fds);
    assert_int_equal(send(fds[0], "short", 5, 0), 5);
    assert_int_equal(pel_ipc_send(fds[0], &msg, fds[0]), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pel_ipc_recv(fds[1], &msg, &fd), -1);
        assert_int_equal(errno, EBADMSG);
        assert_int_equal(fd, -1);
    }
    assert_int_equal(pel_ipc_recv(fds[1], &msg, &fd), -1);
    assert_int_equal(errno, EAGAIN);
    close(fds[0]);
    close(fds[1]);
}

static void texts_are_terminated(void **state)
{
    struct pel_msg msg = {.type = PEL_MSG_FAILED};
    int fds[2], fd;

    open_pair(fds);
    memset(msg.text, 'x', sizeof(msg.text));
    assert_int_equal(pel_ipc_send(fds[0], &msg, -1), 0);
    assert_int_equal(pel_ipc_recv(fds[1], &msg, &fd), 1);
    assert_int_equal(strlen(msg.text), sizeof(msg.text) - 1);
    assert_string_equal(pel_msg_name(msg.type), "FAILED");
    assert_string_equal(pel_msg_name(PEL_MSG_N), "?");
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_arrives_whole),
        cmocka_unit_test(descriptor_comes_along_and_closes_on_exec),
        cmocka_unit_test(last_words_survive_unread_ones),
        cmocka_unit_test(a_full_socket_says_so),
        cmocka_unit_test(strange_bytes_are_refused),
        cmocka_unit_test(texts_are_terminated),
    };

    return cmocka_run_group_tests_name("ipc", tests, NULL, NULL);
}
