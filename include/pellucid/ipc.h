/*
 * ipc - the words between supervisor, template and workers.
 *
 * Each child has one SOCK_SEQPACKET socket pair with the supervisor; a message is one struct
 * pel_msg, with at most one descriptor beside it (SCM_RIGHTS). End of file means that the other
 * side is gone: template, observer and workers leave then (workers drain first). The supervisor
 * makes the worker's pair and sends the worker's end along with SPAWN, so it can speak to a worker
 * whose template has died. A worker puts its own slot and pid into every message.
 */
#ifndef PELLUCID_IPC_H
#define PELLUCID_IPC_H

#include "pellucid/base.h"
#include "pellucid/err.h"

enum pel_msg_type {
    PEL_MSG_NONE = 0,
#define PEL_MSG(name, direction, text) PEL_MSG_##name,
#include "pellucid/tbl/messages.h"
#undef PEL_MSG
    PEL_MSG_N
};

struct pel_msg {
    uint32_t type;
    uint32_t slot;
    int32_t pid;
    int32_t status; /* EXITED: as of waitpid; SPAWN: number of workers wanted; SAID */
    char text[240]; /* NUL-terminated */
};

const char *pel_msg_name(enum pel_msg_type type);

/* A pair of non-blocking, close-on-exec SEQPACKET sockets. */
int pel_ipc_pair(int fds[2], struct pel_err *err);

/* Sends; fd is -1 or stays the caller's. 0, or -1 with errno (EAGAIN: the peer does not read). */
int pel_ipc_send(int sock, const struct pel_msg *msg, int fd);

/* Receives one message: 1, 0 at end of file, -1 with errno. *out_fd is -1 or the caller's now
 * (close-on-exec). */
int pel_ipc_recv(int sock, struct pel_msg *msg, int *out_fd);

#endif
