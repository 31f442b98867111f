/*
 * floor - the cheapest server that still speaks HTTP: libuv and llhttp, no Python, no app.
 *
 * The load test divides by it: what a Python server costs beyond this is the price of Python and of
 * the server. One thread; keep-alive and pipelining; a fixed answer for GET, a body of 100 kB for
 * GET /body, the request body back for POST. It never closes a connection by itself and has no
 * limits or timeouts: for loopback only.
 *
 * pel_floor PORT    listens on 127.0.0.1:PORT until SIGTERM or SIGINT
 */
#include <llhttp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "pellucid/buf.h"

#define BIG_LEN 100000
#define READ_LEN 65536
#define BACKLOG 2048

#define HEAD_FIELDS                                                                                \
    "HTTP/1.1 200 OK\r\nServer: floor\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\n"                  \
    "Content-Type: text/plain\r\n"

struct conn {
    uv_tcp_t tcp;
    llhttp_t parser;
    struct pel_str path;    /* into read_buf: short targets arrive whole on loopback */
    struct pel_buf body;    /* of the request */
    struct pel_buf answers; /* of all requests of one read, sent together */
};

/* What the kernel did not take at once; owns the bytes. */
struct rest {
    uv_write_t write;
    char bytes[];
};

static char read_buf[READ_LEN]; /* one read at a time, in the one thread */
static char big[BIG_LEN];
static llhttp_settings_t settings;

static struct conn *conn_of(llhttp_t *parser)
{
    return PEL_CONTAINER_OF(parser, struct conn, parser);
}

static int on_url(llhttp_t *parser, const char *at, size_t len)
{
    conn_of(parser)->path = pel_str(at, len);
    return 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t len)
{
    pel_buf_add(&conn_of(parser)->body, at, len);
    return 0;
}

static void answer(struct conn *conn, const char *body, size_t len)
{
    pel_buf_addf(&conn->answers, HEAD_FIELDS "Content-Length: %zu\r\n\r\n", len);
    pel_buf_add(&conn->answers, body, len);
}

static int on_message_complete(llhttp_t *parser)
{
    static const char hello[] = HEAD_FIELDS "Content-Length: 13\r\n\r\nHello, world!";
    struct conn *conn = conn_of(parser);

    if (parser->method == HTTP_POST)
        answer(conn, conn->body.p, conn->body.len);
    else if (pel_str_eq(conn->path, PEL_STR("/body")))
        answer(conn, big, sizeof(big));
    else
        pel_buf_add(&conn->answers, hello, sizeof(hello) - 1);
    pel_buf_clear(&conn->body);
    return 0;
}

static void on_close(uv_handle_t *handle)
{
    struct conn *conn = PEL_CONTAINER_OF((uv_tcp_t *)handle, struct conn, tcp);

    pel_buf_fini(&conn->body);
    pel_buf_fini(&conn->answers);
    free(conn);
}

static void close_conn(struct conn *conn)
{
    if (!uv_is_closing((uv_handle_t *)&conn->tcp))
        uv_close((uv_handle_t *)&conn->tcp, on_close);
}

static void on_rest_sent(uv_write_t *write, int status)
{
    free(PEL_CONTAINER_OF(write, struct rest, write));
}

static void send_rest(struct conn *conn, const char *p, size_t len)
{
    struct rest *rest = malloc(sizeof(*rest) + len);

    PEL_ASSERT(rest != NULL);
    memcpy(rest->bytes, p, len);
    uv_buf_t buf = uv_buf_init(rest->bytes, (unsigned)len);
    if (uv_write(&rest->write, (uv_stream_t *)&conn->tcp, &buf, 1, on_rest_sent) != 0) {
        free(rest);
        close_conn(conn);
    }
}

static void send_answers(struct conn *conn)
{
    uv_buf_t buf = uv_buf_init(conn->answers.p, (unsigned)conn->answers.len);
    int sent = uv_try_write((uv_stream_t *)&conn->tcp, &buf, 1);

    if (sent < 0 && sent != UV_EAGAIN)
        close_conn(conn);
    else if (sent < (int)buf.len)
        send_rest(conn, buf.base + (sent > 0 ? sent : 0), buf.len - (size_t)(sent > 0 ? sent : 0));
    pel_buf_clear(&conn->answers);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    *buf = uv_buf_init(read_buf, sizeof(read_buf));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct conn *conn = PEL_CONTAINER_OF((uv_tcp_t *)stream, struct conn, tcp);

    if (n == 0)
        return;
    if (n < 0 || llhttp_execute(&conn->parser, buf->base, (size_t)n) != HPE_OK) {
        close_conn(conn);
        return;
    }
    if (conn->answers.len > 0)
        send_answers(conn);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct conn *conn = calloc(1, sizeof(*conn));

    PEL_ASSERT(conn != NULL && status == 0);
    uv_tcp_init(listener->loop, &conn->tcp);
    llhttp_init(&conn->parser, HTTP_REQUEST, &settings);
    pel_buf_init(&conn->body);
    pel_buf_init(&conn->answers);
    if (uv_accept(listener, (uv_stream_t *)&conn->tcp) != 0) {
        close_conn(conn);
        return;
    }
    uv_tcp_nodelay(&conn->tcp, 1);
    uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read);
}

static void on_signal(uv_signal_t *handle, int signum)
{
    uv_stop(handle->loop);
}

static int serve(uv_loop_t *loop, int port)
{
    uv_tcp_t listener;
    uv_signal_t term, interrupt;
    struct sockaddr_in address;

    uv_ip4_addr("127.0.0.1", port, &address);
    uv_tcp_init(loop, &listener);
    uv_signal_init(loop, &term);
    uv_signal_init(loop, &interrupt);
    uv_signal_start(&term, on_signal, SIGTERM);
    uv_signal_start(&interrupt, on_signal, SIGINT);
    int rc = uv_tcp_bind(&listener, (const struct sockaddr *)&address, 0);
    if (rc == 0)
        rc = uv_listen((uv_stream_t *)&listener, BACKLOG, on_connection);
    if (rc == 0)
        uv_run(loop, UV_RUN_DEFAULT);
    return rc;
}

int main(int argc, char **argv)
{
    int port = argc == 2 ? atoi(argv[1]) : 0;

    if (port <= 0 || port > 65535) {
        fprintf(stderr, "usage: pel_floor PORT\n");
        return 2;
    }
    memset(big, 'x', sizeof(big));
    llhttp_settings_init(&settings);
    settings.on_url = on_url;
    settings.on_body = on_body;
    settings.on_message_complete = on_message_complete;
    int rc = serve(uv_default_loop(), port);
    if (rc != 0)
        fprintf(stderr, "pel_floor: 127.0.0.1:%d: %s\n", port, uv_strerror(rc));
    return rc == 0 ? 0 : 1;
}
