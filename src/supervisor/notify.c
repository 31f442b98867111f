#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "notify.h"
#include "pellucid/log.h"
#include "pellucid/time.h"

static int connect_to(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    int fd;

    if ((path[0] != '/' && path[0] != '@') || len >= sizeof(sa.sun_path)) {
        pel_log(PEL_LOG_NOTIFY_UNREACHABLE, "NOTIFY_SOCKET=%s is no path of a unix socket; ignored",
                path);
        return -1;
    }
    memcpy(sa.sun_path, path, len);
    if (path[0] == '@')
        sa.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return -1;
    if (connect(fd, (const struct sockaddr *)&sa,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) == -1) {
        pel_log(PEL_LOG_NOTIFY_UNREACHABLE, "cannot reach NOTIFY_SOCKET=%s: %m", path);
        close(fd);
        return -1;
    }
    return fd;
}

void pel_notify_open(struct pel_notify *n)
{
    const char *path = getenv("NOTIFY_SOCKET");
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

    *n = (struct pel_notify){.fd = -1};
    if (!path || !*path)
        return;
    n->fd = connect_to(path);
    if (n->fd != -1 && usec && (!pid || atol(pid) == (long)getpid()))
        n->watchdog_ns = strtoull(usec, NULL, 10) * PEL_NS_PER_US;
}

void pel_notify_send(const struct pel_notify *n, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    int len;

    if (n->fd == -1)
        return;
    va_start(ap, fmt);
    len = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (len < 0)
        return;
    if ((size_t)len >= sizeof(text))
        len = sizeof(text) - 1;
    if (send(n->fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) == -1)
        pel_log(PEL_LOG_NOTIFY_FAILED, "sd_notify: %m");
}

void pel_notify_close(struct pel_notify *n)
{
    if (n->fd != -1)
        close(n->fd);
    n->fd = -1;
}
