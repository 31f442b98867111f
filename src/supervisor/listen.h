/*
 * listen - the sockets of the server: parsed, bound, taken over from systemd or from a parent.
 *
 * Owner: the supervisor, for as long as it lives; the other processes inherit the descriptors.
 */
#ifndef PELLUCID_SUPERVISOR_LISTEN_H
#define PELLUCID_SUPERVISOR_LISTEN_H

#include <sys/types.h>

#include "pellucid/address.h"
#include "pellucid/shm.h"

struct pel_socket {
    int fd;
    char url[PEL_SHM_URL_LEN]; /* for people */
    char path[108];            /* of the file to remove; "" = not ours */
};

struct pel_sockets {
    struct pel_socket *items;
    size_t n;
};

/* How a socket is to be opened. key names the directive in errors; mode is that of a unix socket's
 * file. */
struct pel_listen_how {
    const char *key;
    int backlog;
    mode_t mode;
};

/* Binds and listens; a name may give several sockets (localhost). 0, or -1 with err. */
int pel_listen_open(struct pel_sockets *ss, const char *bind_text, const struct pel_listen_how *how,
                    struct pel_err *err);

/* Takes the sockets that systemd passed to this process (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES);
 * one named "admin" goes to admin. 0, or -1 with err. */
int pel_listen_take_systemd(struct pel_sockets *ss, struct pel_sockets *admin, struct pel_err *err);

/* Takes over a listening stream socket and finds out its name. 0, or -1 with err. */
int pel_listen_take_fd(struct pel_sockets *ss, int fd, const char *key, struct pel_err *err);

/* By what the kernel tells of it (sock_diag): AF_* and as much of its inode as is told there; 0 =
 * not known. */
uint32_t pel_listen_inode(const struct pel_socket *s, int *family);

/* Closes the descriptors alone: once the other processes have done the same, clients are refused.
 */
void pel_listen_stop(struct pel_sockets *ss);

/* Closes all, and removes the files of unix sockets made here unless somebody listens there now. */
void pel_listen_close(struct pel_sockets *ss);

#endif
