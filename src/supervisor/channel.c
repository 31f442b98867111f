#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"
#include "pellucid/log.h"
#include "pellucid/mem.h"

void pel_channel_init(struct pel_channel *ch,
                      void (*on_message)(struct pel_channel *, const struct pel_msg *, int),
                      void (*on_eof)(struct pel_channel *))
{
    *ch = (struct pel_channel){.fd = -1, .on_message = on_message, .on_eof = on_eof};
}

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

void pel_channel_close(struct pel_channel *ch)
{
    if (ch->fd == -1)
        return;
    ch->poll->data = NULL;
    uv_close((uv_handle_t *)ch->poll, on_closed);
    ch->poll = NULL;
    close(ch->fd);
    ch->fd = -1;
}

void pel_channel_shut(struct pel_channel *ch)
{
    if (ch->fd != -1)
        shutdown(ch->fd, SHUT_WR);
}

void pel_channel_read(struct pel_channel *ch)
{
    while (ch->fd != -1) {
        struct pel_msg msg;
        int fd, rc = pel_ipc_recv(ch->fd, &msg, &fd);

        if (rc == 1) {
            ch->on_message(ch, &msg, fd);
        } else if (rc == -1 && errno == EBADMSG) {
            pel_log(PEL_LOG_MESSAGE_MALFORMED,
                    "a child sent something that is no message; ignored");
        } else if (rc == -1 && errno == EAGAIN) {
            return;
        } else {
            pel_channel_close(ch);
            if (ch->on_eof)
                ch->on_eof(ch);
        }
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    if (poll->data)
        pel_channel_read(poll->data);
}

int pel_channel_adopt(struct pel_channel *ch, uv_loop_t *loop, int fd, struct pel_err *err)
{
    int rc;

    PEL_ASSERT(ch->fd == -1);
    ch->poll = pel_mem_new(1, sizeof(*ch->poll));
    rc = uv_poll_init(loop, ch->poll, fd);
    if (rc != 0) {
        free(ch->poll);
        ch->poll = NULL;
        return pel_err_set(err, "cannot watch a control socket: %s", uv_strerror(rc));
    }
    ch->poll->data = ch;
    ch->fd = fd;
    rc = uv_poll_start(ch->poll, UV_READABLE, on_poll);
    PEL_ASSERT(rc == 0);
    return 0;
}

int pel_channel_open(struct pel_channel *ch, uv_loop_t *loop, int *out_peer, struct pel_err *err)
{
    int fds[2];

    if (pel_ipc_pair(fds, err) == -1)
        return -1;
    if (pel_channel_adopt(ch, loop, fds[0], err) == -1) {
        close(fds[0]);
        close(fds[1]);
        return -1;
    }
    *out_peer = fds[1];
    return 0;
}

int pel_channel_send(struct pel_channel *ch, const struct pel_msg *msg, int fd)
{
    if (ch->fd == -1) {
        errno = EPIPE;
        return -1;
    }
    return pel_ipc_send(ch->fd, msg, fd);
}
