#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn.h"
#include "h1.h"
#include "pellucid/mem.h"
#include "pellucid/time.h"
#include "port.h"

static void on_events(struct pel_conn *c, int events)
{
    pel_loop_now(c->loop);
    if (events & UV_WRITABLE)
        pel_conn_send(c);
    if (!(events & c->events & UV_READABLE) || c->state == PEL_CONN_CLOSED)
        return;
    if (c->state > PEL_CONN_HEAD || pel_wave_has_place(c))
        pel_conn_read(c);
}

/* Something arrived while a thread answers: it shall find it when it gives c back. */
static bool is_with_thread(struct pel_conn *c)
{
    uint8_t owner = atomic_load_explicit(&c->owner, memory_order_acquire);

    return PEL_UNLIKELY(owner == PEL_OWNER_APP) &&
           atomic_compare_exchange_strong(&c->owner, &owner, PEL_OWNER_APP_UNWATCHED);
}

/* One thing after the other: the next poll tells again. After an error libuv has stopped to watch.
 */
static void look_later(struct pel_conn *c, int status)
{
    if (status == 0)
        return;
    c->events = 0;
    pel_conn_watch(c, UV_READABLE);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct pel_conn *c = PEL_CONTAINER_OF(poll, struct pel_conn, poll);

    if (PEL_UNLIKELY(c->has_arrived))
        look_later(c, status);
    else if (is_with_thread(c))
        uv_poll_stop(poll);
    else if (status < 0)
        pel_conn_broken(c);
    else
        on_events(c, events);
}

void pel_conn_watch(struct pel_conn *c, int events)
{
    if (c->events == events || c->state == PEL_CONN_CLOSED)
        return;
    c->events = (uint8_t)events;
    if (events == 0)
        uv_poll_stop(&c->poll);
    else
        uv_poll_start(&c->poll, events, on_poll);
    if (c->loop->kick)
        c->loop->kick(c->loop);
}

void pel_conn_arm(struct pel_conn *c, enum pel_timeout timeout)
{
    struct pel_loop *loop = c->loop;
    uint64_t due_ns = pel_period_due(&loop->periods[timeout], loop->now_ns);

    pel_wheel_set(&loop->wheel, &c->deadline, due_ns);
    if (loop->kick && due_ns < loop->timer_ns)
        loop->kick(loop);
}

void pel_conn_disarm(struct pel_conn *c)
{
    pel_wheel_defer(&c->deadline, PEL_WHEEL_NEVER);
}

/* Writes the numeric address to out and gives the port; IPv4 in IPv6 is shown as IPv4. */
static uint8_t show_address(const struct sockaddr *sa, char out[INET6_ADDRSTRLEN], uint16_t *port)
{
    const struct sockaddr_in *in4 = (const struct sockaddr_in *)sa;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;
    const char *text = NULL;

    if (sa->sa_family == AF_INET) {
        *port = ntohs(in4->sin_port);
        text = inet_ntop(AF_INET, &in4->sin_addr, out, INET6_ADDRSTRLEN);
    } else if (sa->sa_family == AF_INET6) {
        *port = ntohs(in6->sin6_port);
        text = IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)
                   ? inet_ntop(AF_INET, &in6->sin6_addr.s6_addr[12], out, INET6_ADDRSTRLEN)
                   : inet_ntop(AF_INET6, &in6->sin6_addr, out, INET6_ADDRSTRLEN);
    }
    return text ? (uint8_t)strlen(text) : 0;
}

static void learn_addresses(struct pel_conn *c, const struct sockaddr *peer)
{
    struct sockaddr_storage local;
    socklen_t len = sizeof(local);

    c->is_unix = peer->sa_family != AF_INET && peer->sa_family != AF_INET6;
    if (c->is_unix)
        return;
    c->peer_len = show_address(peer, c->peer, &c->peer_port);
    if (c->port && !c->port->is_wildcard)
        return;
    if (getsockname(c->fd, (struct sockaddr *)&local, &len) == 0)
        c->local_len = show_address((struct sockaddr *)&local, c->local, &c->local_port);
}

/* How long a connection has been in the accept queue. The kernel stamps one that has not been sent
 * anything when it is complete, to the tick: less one, it is never too much. */
static uint64_t accept_wait_ns(int fd)
{
    struct tcp_info info = {.tcpi_last_data_sent = 0};
    socklen_t len = offsetof(struct tcp_info, tcpi_last_data_sent) + sizeof(uint32_t);
    struct timespec tick;
    uint64_t wait_ns, tick_ns;

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
        clock_getres(CLOCK_MONOTONIC_COARSE, &tick) != 0)
        return 0;
    wait_ns = info.tcpi_last_data_sent * PEL_NS_PER_MS;
    tick_ns = (uint64_t)tick.tv_nsec;
    return wait_ns > tick_ns ? wait_ns - tick_ns : 0;
}

static void learn_wait(struct pel_conn *c)
{
    if (c->is_unix || !c->port) /* or another worker has accepted it */
        return;
    c->accept_ns = accept_wait_ns(c->fd);
    if (c->accept_ns)
        pel_metric_add(c->loop->slot, PEL_METRIC_ACCEPT_TIME, c->accept_ns);
}

bool pel_conn_open(struct pel_loop *loop, int fd, const struct pel_port *port,
                   const struct sockaddr *peer)
{
    struct pel_conn *c = pel_mem_new(1, sizeof(*c));

    c->loop = loop;
    c->port = port;
    c->fd = fd;
    pel_list_init(&c->holding);
    pel_list_init(&c->late);
    pel_wheel_entry_init(&c->deadline);
    pel_buf_init(&c->pending);
    if (uv_poll_init(&loop->uv, &c->poll, fd) != 0) {
        close(fd);
        free(c);
        return false;
    }
    pel_list_init(&c->link);
    pel_list_push_tail(&loop->conns, &c->link);
    loop->n_conns++;
    pel_metric_add(loop->slot, PEL_METRIC_CONNECTIONS_ACTIVE, 1);
    pel_vital_add(&loop->slot->vitals, PEL_VITAL_CONN_IDLE, 1);
    learn_addresses(c, peer);
    learn_wait(c);
    c->since_ns = pel_loop_now(loop);
    pel_conn_watch(c, UV_READABLE);
    pel_conn_arm(c, PEL_TIMEOUT_HEADER);
    return true;
}

struct pel_str pel_conn_peer(const struct pel_conn *c)
{
    return c->is_unix ? pel_conn_local(c) : pel_str(c->peer, c->peer_len);
}

struct pel_str pel_conn_local(const struct pel_conn *c)
{
    if (c->local_len || !c->port)
        return pel_str(c->local, c->local_len);
    return c->port->name;
}

uint16_t pel_conn_local_port(const struct pel_conn *c)
{
    return c->local_len || !c->port ? c->local_port : c->port->listener->port;
}

static void free_conn(struct pel_conn *c)
{
    pel_buf_fini(&c->pending);
    free(c);
}

static void on_close(uv_handle_t *handle)
{
    struct pel_conn *c = PEL_CONTAINER_OF((uv_poll_t *)handle, struct pel_conn, poll);

    c->is_handle_closed = true;
    if (!c->h1)
        free_conn(c);
}

/* The app may still hold the request of a connection that is closed (loop mode); the last of libuv
 * and the app to let go frees the memory. */
void pel_conn_drop_h1(struct pel_conn *c)
{
    struct pel_h1 *h1 = c->h1;

    c->h1 = NULL;
    pel_h1_free(h1);
    if (c->is_handle_closed)
        free_conn(c);
}

bool pel_conn_hold(struct pel_conn *c)
{
    bool is_handle_closed = c->is_handle_closed;

    c->is_handle_closed = false;
    return is_handle_closed;
}

void pel_conn_let_go(struct pel_conn *c, bool is_handle_closed)
{
    c->is_handle_closed = is_handle_closed;
    if (is_handle_closed && !c->h1)
        free_conn(c);
}

void pel_conn_close(struct pel_conn *c)
{
    struct pel_loop *loop = c->loop;

    if (c->state == PEL_CONN_CLOSED)
        return;
    c->is_gone = true;
    pel_list_remove(&c->link);
    pel_conn_leave_holding(c);
    pel_list_remove(&c->late);
    pel_wheel_remove(&loop->wheel, &c->deadline);
    uv_close((uv_handle_t *)&c->poll, on_close);
    /* A child that the app has forked may hold the descriptor, too: the client shall know. */
    if (!c->is_handed_over)
        shutdown(c->fd, SHUT_WR);
    close(c->fd);
    c->fd = -1;
    loop->n_conns--;
    pel_metric_sub(loop->slot, PEL_METRIC_CONNECTIONS_ACTIVE, 1);
    pel_conn_enter(c, PEL_CONN_CLOSED);
    if (c->h1 && c->h1->is_begun && c->h1->rq.rec.error == PEL_ERROR_NONE)
        c->h1->rq.rec.error = PEL_ERROR_CLIENT_GONE;
    if (c->h1 && !c->h1->is_with_app) {
        pel_h1_record(c->h1, pel_loop_now(loop));
        pel_conn_drop_h1(c);
    }
    if (loop->kick)
        loop->kick(loop);
}

void pel_conn_linger(struct pel_conn *c)
{
    if (c->is_gone || c->is_eof || shutdown(c->fd, SHUT_WR) != 0) {
        pel_conn_close(c);
        return;
    }
    if (c->h1)
        pel_conn_drop_h1(c);
    pel_buf_fini(&c->pending);
    pel_conn_enter(c, PEL_CONN_LINGER);
    pel_conn_arm(c, PEL_TIMEOUT_LINGER);
    pel_conn_watch(c, UV_READABLE);
}

/* Loop mode: the client takes nothing of the response, or sends nothing of the body. */
static void expire_with_app(struct pel_conn *c)
{
    struct pel_h1 *h1 = c->h1;

    if (!pel_outq_is_empty(&h1->q)) {
        h1->rq.rec.error = PEL_ERROR_WRITE_TIMEOUT;
        pel_conn_broken(c);
    } else if (!(c->events & UV_READABLE)) {
        pel_conn_arm(c, PEL_TIMEOUT_BODY);
    } else if (!h1->is_body_complete) {
        pel_h1_spoil(h1, 408);
        pel_conn_watch(c, 0);
        if (h1->is_started)
            c->loop->gateway->on_body(&h1->rq);
    }
}

static void expire_held(struct pel_conn *c)
{
    if (c->loop->threads == 1)
        pel_conn_hold_no_longer(c);
    else if (c->events == 0)
        pel_conn_arm(c, PEL_TIMEOUT_BODY); /* it is we who do not read */
    else
        pel_h1_refuse(c->h1, 408, "body timeout");
}

void pel_conn_expire(struct pel_conn *c)
{
    /* A thread is just giving it back. */
    if (atomic_load_explicit(&c->owner, memory_order_acquire) != PEL_OWNER_LOOP) {
        pel_conn_arm(c, PEL_TIMEOUT_KEEPALIVE);
        return;
    }
    /* It has sent something, and it is we who have not read it yet. */
    if (!pel_list_is_empty(&c->late)) {
        pel_conn_arm(c, PEL_TIMEOUT_HEADER);
        return;
    }
    switch ((enum pel_conn_state)c->state) {
    case PEL_CONN_HEAD:
        c->h1->rq.rec.error = PEL_ERROR_HEADER_TIMEOUT;
        pel_h1_refuse(c->h1, 408, "header timeout");
        return;
    case PEL_CONN_HOLD:
        expire_held(c);
        return;
    case PEL_CONN_APP:
        expire_with_app(c);
        return;
    case PEL_CONN_SEND:
        c->h1->rq.rec.error = PEL_ERROR_WRITE_TIMEOUT;
        pel_conn_close(c);
        return;
    case PEL_CONN_IDLE:
    case PEL_CONN_SKIP:
    case PEL_CONN_LINGER:
    case PEL_CONN_CLOSED:
        pel_conn_close(c);
        return;
    }
    PEL_UNREACHABLE("connection state");
}
