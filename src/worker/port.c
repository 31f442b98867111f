#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn.h"
#include "pellucid/log.h"
#include "pellucid/mem.h"
#include "port.h"

/* Connections taken at one wake-up: the others are for the other workers. */
#define ACCEPT_MAX 16
/* How long accepting rests when the process has run out of descriptors. */
#define PAUSE_MS 250

static void on_readable(uv_poll_t *poll, int status, int events);

static void resume(uv_timer_t *timer)
{
    struct pel_loop *loop = timer->data;

    for (size_t i = 0; i < loop->n_ports; i++) {
        struct pel_port *port = &loop->ports[i];

        if (port->is_paused && port->fd >= 0)
            uv_poll_start(&port->poll, UV_READABLE, on_readable);
        port->is_paused = false;
    }
}

/* Without this the loop would spin: the connection stays in the queue and the port readable. */
static void pause_accepting(struct pel_port *port)
{
    struct pel_loop *loop = port->loop;

    pel_log(PEL_LOG_ACCEPT_FAILED, "cannot accept on %s: %s; trying again in %d ms",
            port->listener->name, strerror(errno), PAUSE_MS);
    port->is_paused = true;
    uv_poll_stop(&port->poll);
    uv_timer_start(&loop->accept_timer, resume, PAUSE_MS, 0);
}

static bool is_lack_of_resources(int err)
{
    return err == EMFILE || err == ENFILE || err == ENOBUFS || err == ENOMEM;
}

static void admit(struct pel_port *port, int fd, const struct sockaddr *peer)
{
    struct pel_loop *loop = port->loop;

    if (loop->n_conns >= (size_t)loop->conf->http_max_connections) {
        pel_metric_add(loop->slot, PEL_METRIC_CONNECTIONS_REFUSED, 1);
        close(fd);
        return;
    }
    pel_metric_add(loop->slot, PEL_METRIC_CONNECTIONS, 1);
    pel_conn_open(loop, fd, port, peer);
}

/* False when no connection waits, or none can be taken now. */
static bool accept_one(struct pel_port *port)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);
    int fd;

    peer.ss_family = AF_UNSPEC;
    fd = accept4(port->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        admit(port, fd, (struct sockaddr *)&peer);
        return true;
    }
    if (is_lack_of_resources(errno))
        pause_accepting(port);
    return errno == ECONNABORTED || errno == EINTR;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct pel_port *port = PEL_CONTAINER_OF(poll, struct pel_port, poll);

    for (int i = 0; i < ACCEPT_MAX && accept_one(port); i++)
        continue;
}

static bool is_wildcard(const struct pel_listener *l)
{
    return !l->is_unix && (strcmp(l->name, "0.0.0.0") == 0 || strcmp(l->name, "::") == 0);
}

static int open_port(struct pel_port *port, struct pel_loop *loop, const struct pel_listener *l,
                     struct pel_err *err)
{
    int on = 1, rc;

    *port = (struct pel_port){.loop = loop,
                              .listener = l,
                              .name = pel_str(l->name, strlen(l->name)),
                              .is_wildcard = is_wildcard(l)};
    port->fd = loop->env->owns_listeners ? l->fd : fcntl(l->fd, F_DUPFD_CLOEXEC, 0);
    if (port->fd < 0)
        return pel_err_sys(err, "cannot duplicate the listening socket %s", l->name);
    /* Accepted sockets inherit it, which saves a system call for each. */
    if (!l->is_unix)
        setsockopt(port->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    rc = uv_poll_init(&loop->uv, &port->poll, port->fd);
    if (rc == 0)
        rc = uv_poll_start(&port->poll, UV_READABLE, on_readable);
    if (rc == 0)
        return 0;
    close(port->fd);
    port->fd = -1;
    return pel_err_set(err, "cannot watch the listening socket %s: %s", l->name, uv_strerror(rc));
}

int pel_ports_open(struct pel_loop *loop, struct pel_err *err)
{
    const struct pel_worker_env *env = loop->env;

    loop->ports = pel_mem_new(env->n_listeners ? env->n_listeners : 1, sizeof(*loop->ports));
    loop->accept_timer.data = loop;
    for (; loop->n_ports < env->n_listeners; loop->n_ports++)
        if (open_port(&loop->ports[loop->n_ports], loop, &env->listeners[loop->n_ports], err) != 0)
            return -1;
    return 0;
}

void pel_ports_clear(struct pel_loop *loop)
{
    for (size_t i = 0; i < loop->n_ports; i++)
        for (int n = 0; loop->ports[i].fd >= 0 && n < loop->conf->server_backlog; n++)
            if (!accept_one(&loop->ports[i]))
                break;
}

void pel_ports_close(struct pel_loop *loop)
{
    uv_timer_stop(&loop->accept_timer);
    for (size_t i = 0; i < loop->n_ports; i++) {
        struct pel_port *port = &loop->ports[i];

        if (port->fd < 0)
            continue;
        uv_close((uv_handle_t *)&port->poll, NULL);
        close(port->fd);
        port->fd = -1;
    }
}
