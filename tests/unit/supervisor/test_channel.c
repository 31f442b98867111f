#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>
#include <cmocka.h>

#include "supervisor/channel.h"

static uv_loop_t loop;
static unsigned n_messages, n_ends;

static void on_message(struct pel_channel *ch, const struct pel_msg *msg, int fd)
{
    n_messages++;
    if (fd != -1)
        close(fd);
    if (msg->type == PEL_MSG_FAILED)
        pel_channel_close(ch);
}

static void on_eof(struct pel_channel *ch)
{
    assert_false(pel_channel_is_open(ch));
    n_ends++;
}

static int start(void **state)
{
    n_messages = n_ends = 0;
    return uv_loop_init(&loop);
}

static int end(void **state)
{
    uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop);
}

static void open_channel(struct pel_channel *ch, int *peer)
{
    struct pel_err err;

    pel_channel_init(ch, on_message, on_eof);
    assert_int_equal(pel_channel_open(ch, &loop, peer, &err), 0);
}

static void say(int peer, enum pel_msg_type type)
{
    struct pel_msg msg = {.type = type};

    assert_int_equal(pel_ipc_send(peer, &msg, -1), 0);
}

static void messages_come_before_the_end(void **state)
{
    struct pel_channel ch;
    int peer;

    open_channel(&ch, &peer);
    say(peer, PEL_MSG_READY);
    say(peer, PEL_MSG_DRAINED);
    close(peer);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(n_messages, 2);
    assert_int_equal(n_ends, 1);
}

static void last_words_can_be_read_at_once(void **state)
{
    struct pel_channel ch;
    int peer;

    open_channel(&ch, &peer);
    say(peer, PEL_MSG_READY);
    pel_channel_read(&ch);
    assert_int_equal(n_messages, 1);
    assert_true(pel_channel_is_open(&ch));
    pel_channel_close(&ch);
    pel_channel_read(&ch);
    close(peer);
}

static void a_callback_may_close(void **state)
{
    struct pel_channel ch;
    int peer;

    open_channel(&ch, &peer);
    say(peer, PEL_MSG_FAILED);
    say(peer, PEL_MSG_DRAINED);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(n_messages, 1);
    assert_int_equal(n_ends, 0);
    close(peer);
}

static void a_closed_channel_sends_nothing(void **state)
{
    struct pel_msg msg = {.type = PEL_MSG_DRAIN};
    struct pel_channel ch;

    pel_channel_init(&ch, on_message, on_eof);
    assert_int_equal(pel_channel_send(&ch, &msg, -1), -1);
    assert_int_equal(errno, EPIPE);
    pel_channel_close(&ch);
}

#define ON_LOOP(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_LOOP(messages_come_before_the_end),
        ON_LOOP(last_words_can_be_read_at_once),
        ON_LOOP(a_callback_may_close),
        cmocka_unit_test(a_closed_channel_sends_nothing),
    };

    return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
