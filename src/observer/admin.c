#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "admin.h"
#include "guard.h"
#include "pellucid/log.h"
#include "pellucid/mem.h"

#define BACKLOG 64

/* A TCP or unix socket, whichever the descriptor is. */
union socket {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
};

struct pel_admin_listener {
    union socket socket;
    struct pel_admin *admin;
    enum pel_reach reach;
    bool is_open;
};

struct conn {
    struct pel_list link; /* on admin->conns; the tail was active last */
    union socket socket;
    uv_timer_t timer;
    uv_write_t write;
    struct pel_admin *admin;
    enum pel_reach reach; /* of the listener */
    bool is_closing;
    bool is_idle;       /* between two requests */
    bool is_answering;  /* an answer is under way */
    bool keep_alive;    /* after the answer under way */
    unsigned n_handles; /* open; the last one to go frees the connection */
    struct pel_http_parser *parser;
    struct pel_arena arena;   /* of the present request */
    struct pel_buf out, body; /* the answer under way; body may be megabytes */
};

/* --- the end of a connection --- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct conn *c = handle->data;

    if (--c->n_handles)
        return;
    pel_http_parser_free(c->parser);
    pel_arena_reset(&c->arena);
    pel_buf_fini(&c->out);
    pel_buf_fini(&c->body);
    free(c);
}

static void conn_close(struct conn *c)
{
    if (c->is_closing)
        return;
    c->is_closing = true;
    pel_list_remove(&c->link);
    c->admin->n_conns--;
    uv_close(&c->socket.handle, on_handle_closed);
    uv_close((uv_handle_t *)&c->timer, on_handle_closed);
}

static void on_timeout(uv_timer_t *timer)
{
    conn_close(timer->data);
}

/* --- answers --- */

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
    struct conn *c = handle->data;

    *buf = uv_buf_init(c->admin->room, sizeof(c->admin->room));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

static void await_request(struct conn *c, bool is_idle)
{
    pel_arena_reset(&c->arena);
    pel_buf_clear(&c->out);
    pel_buf_fini(&c->body);
    pel_http_parser_start(c->parser, &c->arena);
    c->is_idle = is_idle;
    c->is_answering = false;
    uv_timer_start(&c->timer, on_timeout, is_idle ? PEL_ADMIN_IDLE_MS : PEL_ADMIN_TIMEOUT_MS, 0);
    if (uv_read_start(&c->socket.stream, on_alloc, on_read) < 0)
        conn_close(c);
}

static void on_written(uv_write_t *write, int status)
{
    struct conn *c = write->data;

    if (c->is_closing)
        return;
    if (status < 0 || !c->keep_alive)
        conn_close(c);
    else
        await_request(c, true);
}

static void send_out(struct conn *c)
{
    uv_buf_t bufs[] = {uv_buf_init(c->out.p, (unsigned)c->out.len),
                       uv_buf_init(c->body.p, (unsigned)c->body.len)};

    uv_read_stop(&c->socket.stream);
    c->is_idle = false;
    c->is_answering = true;
    pel_list_remove(&c->link);
    pel_list_push_tail(&c->admin->conns, &c->link);
    uv_timer_start(&c->timer, on_timeout, PEL_ADMIN_TIMEOUT_MS, 0);
    c->write.data = c;
    if (uv_write(&c->write, &c->socket.stream, bufs, c->body.len ? 2 : 1, on_written) < 0)
        conn_close(c);
}

static void refuse(struct pel_page *page, uint16_t status)
{
    const char *reason = pel_status_reason(status);

    page->status = status;
    page->type = "text/plain; charset=utf-8";
    pel_buf_clear(&page->body);
    pel_buf_addf(&page->body, "%s\n", reason);
}

static void make_page(struct conn *c, const struct pel_head *head, struct pel_page *page)
{
    const struct pel_page_entry *entry = pel_page_find(head->path);
    bool is_public = entry && entry->is_public;
    uint16_t refusal = is_public ? 0 : pel_guard_check(&c->admin->conf, head, c->reach);

    if (refusal)
        refuse(page, refusal);
    else if (!entry)
        refuse(page, 404);
    else if (!head->is_head && !pel_str_eq(head->method, PEL_STR("GET")))
        refuse(page, 405);
    else
        entry->show(c->admin->view, head, page);
}

#define FIELDS_MAX 6

/* A page of another origin may neither read nor load what is shown, nor take it for a script. */
static size_t make_fields(struct pel_field fields[FIELDS_MAX], const struct pel_page *page)
{
    size_t n = 0;

    fields[n++] =
        (struct pel_field){PEL_STR("Content-Type"), pel_str(page->type, strlen(page->type))};
    fields[n++] = (struct pel_field){PEL_STR("Cache-Control"), PEL_STR("no-store")};
    fields[n++] = (struct pel_field){
        PEL_STR("Content-Security-Policy"),
        PEL_STR("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")};
    fields[n++] =
        (struct pel_field){PEL_STR("Cross-Origin-Resource-Policy"), PEL_STR("same-origin")};
    fields[n++] = (struct pel_field){PEL_STR("X-Content-Type-Options"), PEL_STR("nosniff")};
    if (page->status == 401)
        fields[n++] = (struct pel_field){PEL_STR("WWW-Authenticate"), PEL_STR("Bearer")};
    if (page->status == 405)
        fields[n++] = (struct pel_field){PEL_STR("Allow"), PEL_STR("GET, HEAD")};
    return n;
}

static void answer(struct conn *c, bool has_more_input)
{
    const struct pel_head *head = pel_http_parser_head(c->parser);
    struct pel_page page = {.status = 200};
    struct pel_response res;
    struct pel_field fields[FIELDS_MAX];
    struct pel_err err;
    int rc;

    make_page(c, head, &page);
    rc = pel_response_head(&res, &c->out, &c->admin->conf, head, page.status, PEL_STR_NONE, fields,
                           make_fields(fields, &page), (int64_t)page.body.len,
                           !has_more_input && !head->has_body, &err);
    PEL_ASSERT(rc == 0);
    c->body = page.body;
    if (head->is_head)
        pel_buf_fini(&c->body);
    c->keep_alive = res.keep_alive;
    send_out(c);
}

static void answer_garbage(struct conn *c)
{
    const char *reason;

    pel_response_simple(&c->out, &c->admin->conf,
                        (uint16_t)pel_http_parser_error(c->parser, &reason), false);
    c->keep_alive = false;
    send_out(c);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct conn *c = stream->data;
    enum pel_http_result got;
    size_t consumed;

    if (n < 0) {
        conn_close(c);
        return;
    }
    if (n > 0 && c->is_idle) {
        c->is_idle = false;
        uv_timer_start(&c->timer, on_timeout, PEL_ADMIN_TIMEOUT_MS, 0);
    }
    got = pel_http_parser_feed(c->parser, buf->base, (size_t)n, &consumed);
    if (got == PEL_HTTP_HEAD)
        answer(c, consumed < (size_t)n);
    else if (got != PEL_HTTP_MORE)
        answer_garbage(c);
}

/* --- the beginning of a connection --- */

static int socket_init(union socket *s, uv_loop_t *loop, enum pel_reach reach)
{
    return reach == PEL_REACH_UNIX ? uv_pipe_init(loop, &s->pipe, 0) : uv_tcp_init(loop, &s->tcp);
}

/* When there are too many, the connection goes that has been idle longest, else the oldest of those
 * that have not sent a request: who sends one does so at once. */
static void make_room(struct pel_admin *admin)
{
    struct conn *silent = NULL;

    for (struct pel_list *at = admin->conns.next; at != &admin->conns; at = at->next) {
        struct conn *c = PEL_CONTAINER_OF(at, struct conn, link);

        if (c->is_idle) {
            conn_close(c);
            return;
        }
        if (!silent && !c->is_answering)
            silent = c;
    }
    if (silent)
        conn_close(silent);
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct pel_admin_listener *l = stream->data;
    struct pel_admin *admin = l->admin;
    struct conn *c;
    int rc;

    if (status < 0)
        return;
    if (admin->n_conns >= PEL_ADMIN_CONNECTIONS)
        make_room(admin);
    c = pel_mem_new(1, sizeof(*c));
    c->admin = admin;
    c->reach = l->reach;
    c->parser = pel_http_parser_new(&admin->conf);
    pel_arena_init(&c->arena);
    pel_buf_init(&c->out);
    pel_list_init(&c->link);
    rc = socket_init(&c->socket, admin->loop, c->reach);
    PEL_ASSERT(rc == 0);
    uv_timer_init(admin->loop, &c->timer);
    c->socket.handle.data = c->timer.data = c;
    c->n_handles = 2;
    admin->n_conns++;
    pel_list_push_tail(&admin->conns, &c->link);
    if (uv_accept(stream, &c->socket.stream) < 0 || admin->n_conns > PEL_ADMIN_CONNECTIONS)
        conn_close(c);
    else
        await_request(c, false);
}

static int open_listener(struct pel_admin_listener *l, struct pel_admin *admin, int fd,
                         struct pel_err *err)
{
    struct sockaddr_storage addr;
    socklen_t len = sizeof(addr);
    int rc;

    if (getsockname(fd, (struct sockaddr *)&addr, &len) < 0) {
        close(fd);
        return pel_err_sys(err, "admin socket %d", fd);
    }
    l->admin = admin;
    l->reach = pel_guard_reach((struct sockaddr *)&addr);
    rc = socket_init(&l->socket, admin->loop, l->reach);
    PEL_ASSERT(rc == 0);
    l->is_open = true;
    l->socket.handle.data = l;
    rc = l->reach == PEL_REACH_UNIX ? uv_pipe_open(&l->socket.pipe, fd)
                                    : uv_tcp_open(&l->socket.tcp, fd);
    if (rc < 0)
        close(fd);
    else
        rc = uv_listen(&l->socket.stream, BACKLOG, on_connection);
    return rc < 0 ? pel_err_set(err, "admin socket %d: %s", fd, uv_strerror(rc)) : 0;
}

/* The limits of this server are its own. */
static void set_limits(struct pel_conf *conf)
{
    conf->http_max_header_size_bytes = 16 << 10;
    conf->http_max_request_line_bytes = 2 << 10;
    conf->http_max_headers = 64;
    conf->http_max_body_size_bytes = 0;
}

int pel_admin_open(struct pel_admin *admin, uv_loop_t *loop, const struct pel_view *view,
                   const int *fds, size_t n_fds, struct pel_err *err)
{
    int result = 0;

    *admin = (struct pel_admin){.loop = loop, .view = view, .conf = *view->conf};
    pel_list_init(&admin->conns);
    set_limits(&admin->conf);
    admin->listeners = pel_mem_new(n_fds ? n_fds : 1, sizeof(*admin->listeners));
    admin->n_listeners = n_fds;
    for (size_t i = 0; i < n_fds; i++) {
        if (result < 0)
            close(fds[i]);
        else
            result = open_listener(&admin->listeners[i], admin, fds[i], err);
    }
    return result;
}

static void free_listeners_later(uv_handle_t *handle)
{
    struct pel_admin_listener *l = handle->data;
    struct pel_admin *admin = l->admin;

    l->is_open = false;
    for (size_t i = 0; i < admin->n_listeners; i++)
        if (admin->listeners[i].is_open)
            return;
    free(admin->listeners);
    admin->listeners = NULL;
}

void pel_admin_close(struct pel_admin *admin)
{
    bool is_any_open = false;

    while (!pel_list_is_empty(&admin->conns))
        conn_close(PEL_CONTAINER_OF(admin->conns.next, struct conn, link));
    for (size_t i = 0; i < admin->n_listeners; i++) {
        if (!admin->listeners[i].is_open)
            continue;
        is_any_open = true;
        uv_close(&admin->listeners[i].socket.handle, free_listeners_later);
    }
    if (!is_any_open) {
        free(admin->listeners);
        admin->listeners = NULL;
    }
}
