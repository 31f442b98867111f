#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "pellucid/worker.h"

/* sun_path need not be terminated, and begins with a NUL when it is abstract. */
static void take_path(struct pel_listener *out, const struct sockaddr_un *sa, socklen_t len)
{
    size_t path_len = len > offsetof(struct sockaddr_un, sun_path)
                          ? len - offsetof(struct sockaddr_un, sun_path)
                          : 0;

    out->is_unix = true;
    if (path_len && sa->sun_path[0])
        path_len = strnlen(sa->sun_path, path_len);
    if (path_len >= sizeof(out->name))
        path_len = sizeof(out->name) - 1;
    memcpy(out->name, sa->sun_path, path_len);
    if (path_len && !out->name[0])
        out->name[0] = '@';
}

int pel_listener_init(struct pel_listener *out, int fd, struct pel_err *err)
{
    union {
        struct sockaddr any;
        struct sockaddr_un un;
        struct sockaddr_storage room;
    } sa;
    socklen_t len = sizeof(sa);
    char port[8];

    *out = (struct pel_listener){.fd = fd};
    if (getsockname(fd, &sa.any, &len) == -1)
        return pel_err_sys(err, "descriptor %d is not a listening socket", fd);
    if (sa.any.sa_family == AF_UNIX) {
        take_path(out, &sa.un, len);
        return 0;
    }
    if (getnameinfo(&sa.any, len, out->name, sizeof(out->name), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return pel_err_set(err, "descriptor %d is neither a TCP nor a unix socket", fd);
    out->port = (uint16_t)strtoul(port, NULL, 10);
    return 0;
}
