/*
 * channel - the supervisor's end of one child's control socket, on its loop.
 *
 * Owner: the struct that embeds it. Callbacks may close the channel; after that none follows.
 */
#ifndef PELLUCID_SUPERVISOR_CHANNEL_H
#define PELLUCID_SUPERVISOR_CHANNEL_H

#include <uv.h>

#include "pellucid/ipc.h"

struct pel_channel {
    int fd;          /* owned; -1 = closed */
    uv_poll_t *poll; /* heap: libuv wants it until its close callback */
    /* msg_fd came along, or is -1; it is the callback's to close. */
    void (*on_message)(struct pel_channel *ch, const struct pel_msg *msg, int msg_fd);
    void (*on_eof)(struct pel_channel *ch); /* the channel is closed already; may be NULL */
};

/* Before the first open: a closed channel. */
void pel_channel_init(struct pel_channel *ch,
                      void (*on_message)(struct pel_channel *, const struct pel_msg *, int),
                      void (*on_eof)(struct pel_channel *));

/* Makes a socket pair: one end is the channel's, the other is returned in *out_peer (close-on-exec,
 * the caller's). 0, or -1 with err. */
int pel_channel_open(struct pel_channel *ch, uv_loop_t *loop, int *out_peer, struct pel_err *err);

/* Takes over fd, the end of a pair made earlier. */
int pel_channel_adopt(struct pel_channel *ch, uv_loop_t *loop, int fd, struct pel_err *err);

static inline bool pel_channel_is_open(const struct pel_channel *ch)
{
    return ch->fd != -1;
}

/* Sends with fd beside it, or -1. 0, or -1 with errno (EPIPE on a closed channel). */
int pel_channel_send(struct pel_channel *ch, const struct pel_msg *msg, int fd);

/* Delivers what has arrived, without waiting for the loop: the last words of a dead child. */
void pel_channel_read(struct pel_channel *ch);

/* The peer reads the end of file, but may still send. */
void pel_channel_shut(struct pel_channel *ch);

void pel_channel_close(struct pel_channel *ch);

#endif
