#include "handoff.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "conn.h"
#include "control.h"
#include "port.h"

void pel_handoff_give(struct pel_conn *c)
{
    c->is_handed_over = pel_control_send(c->loop->control, PEL_MSG_HANDOFF, "", c->fd);
    if (c->is_handed_over)
        pel_conn_close(c);
}

/* The port a unix connection came in by tells its path; others are asked for their address. */
static const struct pel_port *find_port(const struct pel_loop *loop, int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_un un;
        struct sockaddr_storage room;
    } sa;
    socklen_t len = sizeof(sa);

    memset(&sa, 0, sizeof(sa));
    if (getsockname(fd, &sa.any, &len) != 0 || sa.any.sa_family != AF_UNIX)
        return NULL;
    for (size_t i = 0; i < loop->n_ports; i++)
        if (loop->ports[i].listener->is_unix &&
            strncmp(loop->ports[i].listener->name, sa.un.sun_path, sizeof(sa.un.sun_path)) == 0)
            return &loop->ports[i];
    return NULL;
}

void pel_handoff_adopt(struct pel_loop *loop, int fd)
{
    struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof(peer);

    if (loop->n_conns >= (size_t)loop->conf->http_max_connections ||
        getpeername(fd, (struct sockaddr *)&peer, &len) != 0) {
        close(fd);
        return;
    }
    pel_conn_open(loop, fd, find_port(loop, fd), (struct sockaddr *)&peer);
}
