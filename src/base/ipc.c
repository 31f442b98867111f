#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pellucid/ipc.h"

static const char *const names[PEL_MSG_N] = {
    [PEL_MSG_NONE] = "NONE",
#define PEL_MSG(name, direction, text) [PEL_MSG_##name] = #name,
#include "pellucid/tbl/messages.h"
#undef PEL_MSG
};

const char *pel_msg_name(enum pel_msg_type type)
{
    return (unsigned)type < PEL_MSG_N ? names[type] : "?";
}

int pel_ipc_pair(int fds[2], struct pel_err *err)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == -1)
        return pel_err_sys(err, "cannot make a control socket");
    return 0;
}

int pel_ipc_send(int sock, const struct pel_msg *msg, int fd)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {.bytes = {0}};
    struct iovec iov = {.iov_base = (void *)(uintptr_t)msg, .iov_len = sizeof(*msg)};
    struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t n;

    if (fd != -1) {
        struct cmsghdr *c;

        mh.msg_control = control.bytes;
        mh.msg_controllen = sizeof(control.bytes);
        c = CMSG_FIRSTHDR(&mh);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &fd, sizeof(fd));
    }
    do {
        n = sendmsg(sock, &mh, MSG_NOSIGNAL);
    } while (n == -1 && errno == EINTR);
    return n == -1 ? -1 : 0;
}

static int take_fd(struct msghdr *mh)
{
    struct cmsghdr *c = CMSG_FIRSTHDR(mh);
    int fd;

    if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
        c->cmsg_len < CMSG_LEN(sizeof(int)))
        return -1;
    memcpy(&fd, CMSG_DATA(c), sizeof(fd));
    return fd;
}

int pel_ipc_recv(int sock, struct pel_msg *msg, int *out_fd)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov = {.iov_base = msg, .iov_len = sizeof(*msg)};
    struct msghdr mh = {.msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = control.bytes,
                        .msg_controllen = sizeof(control.bytes)};
    ssize_t n;

    /* ECONNRESET comes once, when the peer closes with words of ours unread, and hides what it had
     * said before: read on. */
    do {
        n = recvmsg(sock, &mh, MSG_CMSG_CLOEXEC);
    } while (n == -1 && (errno == EINTR || errno == ECONNRESET));
    if (n == -1)
        return -1;
    *out_fd = n == 0 ? -1 : take_fd(&mh);
    if (n == 0)
        return 0;
    if ((size_t)n != sizeof(*msg) || msg->type == PEL_MSG_NONE || msg->type >= PEL_MSG_N) {
        if (*out_fd != -1)
            close(*out_fd);
        *out_fd = -1;
        errno = EBADMSG;
        return -1;
    }
    msg->text[sizeof(msg->text) - 1] = '\0';
    return 1;
}
