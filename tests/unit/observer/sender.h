/* sender - an exporter of spans for the tests, and a receiver that answers as told: a thread, so
 * that time passes on both sides. */
#ifndef PELLUCID_TESTS_OBSERVER_SENDER_H
#define PELLUCID_TESTS_OBSERVER_SENDER_H

#include "span.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>

#include "observer/exporter.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define BUSY "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After: 0\r\n\r\n"
#define LATER "HTTP/1.1 429 Later\r\nContent-Length: 0\r\nRetry-After: 300\r\n\r\n"
#define IN_A_MINUTE "HTTP/1.1 429 Later\r\nContent-Length: 0\r\nRetry-After: 60\r\n\r\n"
#define SOON "HTTP/1.1 429 Later\r\nContent-Length: 0\r\nRetry-After: 20\r\n\r\n"
#define BAD "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"
#define TOO_LARGE "HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n"

struct receiver {
    int listen_fd;
    uint16_t port;
    pthread_t thread;
    const char *const *answers; /* status lines with fields; NULL: hang up; the last one repeats */
    size_t n_answers;
    _Atomic size_t n_requests;
};

/* One connection of the receiver. */
struct peer {
    struct receiver *r;
    int fd;
    char room[1 << 20];
};

/* Reads one request with a Content-Length; false at the end of the connection. */
static inline bool read_request(struct peer *p)
{
    size_t len = 0;

    while (len < sizeof(p->room) - 1) {
        ssize_t n = read(p->fd, p->room + len, sizeof(p->room) - 1 - len);
        char *end, *field;

        if (n <= 0)
            return false;
        len += (size_t)n;
        p->room[len] = '\0';
        end = memmem(p->room, len, "\r\n\r\n", 4);
        if (!end)
            continue;
        field = strcasestr(p->room, "content-length:");
        if (len >= (size_t)(end + 4 - p->room) + (field ? strtoul(field + 15, NULL, 10) : 0))
            return true;
    }
    return false;
}

static inline void *serve(void *arg)
{
    struct peer *p = arg;
    struct receiver *r = p->r;

    while (read_request(p)) {
        size_t i = atomic_fetch_add(&r->n_requests, 1);
        const char *answer = r->answers[i < r->n_answers ? i : r->n_answers - 1];

        if (!answer || write(p->fd, answer, strlen(answer)) < 0)
            break;
    }
    close(p->fd);
    free(p);
    return NULL;
}

static inline void *accept_peers(void *arg)
{
    struct receiver *r = arg;
    pthread_t threads[16];
    size_t n = 0;
    int fd;

    while (n < PEL_ARRAY_LEN(threads) && (fd = accept(r->listen_fd, NULL, NULL)) >= 0) {
        struct peer *p = malloc(sizeof(*p));

        p->r = r;
        p->fd = fd;
        pthread_create(&threads[n++], NULL, serve, p);
    }
    while (n)
        pthread_join(threads[--n], NULL);
    return NULL;
}

static inline void receiver_start(struct receiver *r, const char *const *answers, size_t n)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(addr);

    *r = (struct receiver){.answers = answers, .n_answers = n};
    r->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(r->listen_fd, (struct sockaddr *)&addr, len), 0);
    assert_int_equal(listen(r->listen_fd, 8), 0);
    assert_int_equal(getsockname(r->listen_fd, (struct sockaddr *)&addr, &len), 0);
    r->port = ntohs(addr.sin_port);
    pthread_create(&r->thread, NULL, accept_peers, r);
}

static inline void receiver_stop(struct receiver *r)
{
    shutdown(r->listen_fd, SHUT_RDWR);
    pthread_join(r->thread, NULL);
    close(r->listen_fd);
}

struct sender {
    struct pel_exporter x;
    uv_loop_t loop;
    struct pel_shm shm;
    struct pel_conf conf;
    char endpoint[64];
    bool is_stopped;
};

static inline void sender_start_for(struct sender *s, const char *host, uint16_t port)
{
    static char *signals[] = {(char *)"traces"};
    struct pel_err err;

    memset(s, 0, sizeof(*s));
    snprintf(s->endpoint, sizeof(s->endpoint), "http://%s:%u/", host, port);
    s->shm = fixture_shm(1);
    s->conf = fixture_conf();
    s->conf.otlp_endpoint = s->endpoint;
    s->conf.otlp_signals = (struct pel_strings){signals, 1};
    s->conf.otlp_compression = PEL_COMPRESSION_GZIP;
    s->conf.otlp_timeout_ms = 2000;
    s->conf.otlp_certificate = s->conf.otlp_client_certificate = s->conf.otlp_client_key =
        s->conf.otlp_traces_certificate = s->conf.otlp_traces_client_certificate =
            s->conf.otlp_traces_client_key = (char *)"";
    uv_loop_init(&s->loop);
    assert_int_equal(
        pel_exporter_open(&s->x, &pel_export_spans, &s->loop, &s->conf, s->shm.header, &err), 0);
    assert_true(s->x.is_enabled);
}

static inline void sender_start(struct sender *s, uint16_t port)
{
    sender_start_for(s, "127.0.0.1", port);
}

static inline void push(struct sender *s, size_t n)
{
    struct pel_record rec = fixture_record(pel_now_ns());
    const struct pel_span_entry *e = span_of(&rec, PEL_SPAN_SAMPLED);

    for (size_t i = 0; i < n; i++) {
        struct pel_arena a;

        pel_arena_init(&a);
        pel_exporter_push(&s->x, pel_encode_span(e, 0, 0, &a), pel_now_ns());
        pel_arena_reset(&a);
    }
    pel_exporter_pump(&s->x);
}

static inline uint64_t total(struct sender *s, enum pel_export what)
{
    return atomic_load(&s->shm.header->exports[what]);
}

static inline void on_stopped(struct pel_exporter *x)
{
    struct sender *s = PEL_CONTAINER_OF(x, struct sender, x);

    s->is_stopped = true;
    pel_exporter_close(x);
}

static inline void sender_stop(struct sender *s, unsigned wait_ms)
{
    pel_exporter_stop(&s->x, wait_ms, on_stopped);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    assert_true(s->is_stopped);
    assert_int_equal(uv_loop_close(&s->loop), 0);
}

#endif
