#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "listen.h"
#include "pellucid/mem.h"

#define SYSTEMD_FIRST_FD 3

static struct pel_socket *add_socket(struct pel_sockets *ss, int fd)
{
    ss->items = pel_mem_resize(ss->items, ss->n + 1, sizeof(*ss->items));
    ss->items[ss->n] = (struct pel_socket){.fd = fd};
    return &ss->items[ss->n++];
}

/* The name under which clients reach the socket. */
static void describe(struct pel_socket *s)
{
    union {
        struct sockaddr any;
        struct sockaddr_un un;
        struct sockaddr_storage room;
    } sa = {.any = {0}};
    socklen_t len = sizeof(sa);
    char host[INET6_ADDRSTRLEN + 24], port[8];

    if (getsockname(s->fd, &sa.any, &len) == -1) {
        snprintf(s->url, sizeof(s->url), "fd://%d", s->fd);
    } else if (sa.any.sa_family == AF_UNIX) {
        bool is_abstract = len > offsetof(struct sockaddr_un, sun_path) && !sa.un.sun_path[0];

        snprintf(s->url, sizeof(s->url), "unix:%s%.*s", is_abstract ? "@" : "",
                 (int)(len - offsetof(struct sockaddr_un, sun_path)) - is_abstract,
                 sa.un.sun_path + is_abstract);
    } else if (getnameinfo(&sa.any, len, host, sizeof(host), port, sizeof(port),
                           NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
        bool is_v6 = strchr(host, ':') != NULL;

        snprintf(s->url, sizeof(s->url), "http://%s%s%s:%s", is_v6 ? "[" : "", host,
                 is_v6 ? "]" : "", port);
    }
}

static int socket_option(int fd, int option)
{
    int value = 0;
    socklen_t len = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, option, &value, &len) == -1 ? -1 : value;
}

int pel_listen_take_fd(struct pel_sockets *ss, int fd, const char *key, struct pel_err *err)
{
    if (socket_option(fd, SO_TYPE) != SOCK_STREAM || socket_option(fd, SO_ACCEPTCONN) != 1)
        return pel_err_set(err, "%s: descriptor %d is not a listening stream socket", key, fd);
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 ||
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == -1)
        return pel_err_sys(err, "%s: cannot use descriptor %d", key, fd);
    describe(add_socket(ss, fd));
    return 0;
}

int pel_listen_take_systemd(struct pel_sockets *ss, struct pel_sockets *admin, struct pel_err *err)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    const char *name = getenv("LISTEN_FDNAMES");
    int n = count ? atoi(count) : 0;

    if (!pid || atol(pid) != (long)getpid())
        return 0;
    for (int i = 0; i < n; i++) {
        size_t len = name ? strcspn(name, ":") : 0;
        bool is_admin = len == 5 && memcmp(name, "admin", 5) == 0;

        if (pel_listen_take_fd(is_admin ? admin : ss, SYSTEMD_FIRST_FD + i, "LISTEN_FDS", err) ==
            -1)
            return -1;
        name = name && name[len] ? name + len + 1 : NULL;
    }
    return 0;
}

/* 0, or -1 with errno, in which case fd is still open. */
static int bind_tcp(int fd, const struct addrinfo *ai, int backlog)
{
    int on = 1;

    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1)
        return -1;
    if (ai->ai_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == -1)
        return -1;
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) == -1)
        return -1;
    return listen(fd, backlog);
}

static const char *remedy(int error)
{
    switch (error) {
    case EADDRINUSE:
        return " (another process listens there)";
    case EACCES:
        return " (ports below 1024 need root or CAP_NET_BIND_SERVICE)";
    case EADDRNOTAVAIL:
        return " (no interface of this machine has that address)";
    default:
        return "";
    }
}

static int open_tcp(struct pel_sockets *ss, const struct pel_address *a,
                    const struct pel_listen_how *how, struct pel_err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list;
    size_t before = ss->n;
    int error = 0, rc;
    char port[8];

    snprintf(port, sizeof(port), "%u", a->port);
    rc = getaddrinfo(a->host, port, &hints, &list);
    if (rc != 0)
        return pel_err_set(err, "%s: cannot resolve %s: %s", how->key, a->host, gai_strerror(rc));
    for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
        int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd != -1 && bind_tcp(fd, ai, how->backlog) == 0) {
            describe(add_socket(ss, fd));
            continue;
        }
        /* A name with several addresses needs one that works; one that is taken is a mistake. */
        if (!error || errno == EADDRINUSE)
            error = errno;
        if (fd != -1)
            close(fd);
    }
    freeaddrinfo(list);
    if (ss->n > before && error != EADDRINUSE)
        return 0;
    errno = error;
    return pel_err_set(err, "%s: cannot listen on %s:%s: %s%s", how->key, a->host, port,
                       strerror(error), remedy(error));
}

static socklen_t address_of(struct sockaddr_un *sa, const char *path)
{
    size_t len = strlen(path);

    *sa = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(sa->sun_path, path, len);
    if (path[0] == '@')
        sa->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

/* A socket file that nobody listens on is left over from a server that is no more. */
static bool is_stale(const char *path)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un sa;
    socklen_t len = address_of(&sa, path);
    bool is_refused;

    if (fd == -1)
        return false;
    is_refused = connect(fd, (struct sockaddr *)&sa, len) == -1 && errno == ECONNREFUSED;
    close(fd);
    return is_refused;
}

static int remove_stale(const char *path, const char *key, struct pel_err *err)
{
    struct stat st;

    if (lstat(path, &st) == -1)
        return errno == ENOENT ? 0 : pel_err_sys(err, "%s: %s", key, path);
    if (!S_ISSOCK(st.st_mode))
        return pel_err_set(err, "%s: %s exists and is no socket; remove it or choose another path",
                           key, path);
    if (!is_stale(path))
        return pel_err_set(err, "%s: %s is in use by another process", key, path);
    if (unlink(path) == -1)
        return pel_err_sys(err, "%s: cannot remove the stale %s", key, path);
    return 0;
}

static int open_unix(struct pel_sockets *ss, const struct pel_address *a,
                     const struct pel_listen_how *how, struct pel_err *err)
{
    struct sockaddr_un sa;
    socklen_t len = address_of(&sa, a->path);
    bool is_abstract = a->path[0] == '@';
    struct pel_socket *s;
    int fd;

    if (!is_abstract && remove_stale(a->path, how->key, err) == -1)
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd == -1 || bind(fd, (const struct sockaddr *)&sa, len) == -1 ||
        (!is_abstract && chmod(a->path, how->mode) == -1) || listen(fd, how->backlog) == -1) {
        pel_err_sys(err, "%s: cannot listen on unix:%s", how->key, a->path);
        if (fd != -1)
            close(fd);
        return -1;
    }
    s = add_socket(ss, fd);
    describe(s);
    if (!is_abstract)
        memcpy(s->path, a->path, sizeof(s->path));
    return 0;
}

int pel_listen_open(struct pel_sockets *ss, const char *bind_text, const struct pel_listen_how *how,
                    struct pel_err *err)
{
    struct pel_address a;
    struct pel_err why;

    if (pel_address_parse(&a, bind_text, &why) == -1)
        return pel_err_set(err, "%s: \"%s\": %s", how->key, bind_text, why.text);
    switch (a.kind) {
    case PEL_ADDRESS_TCP:
        return open_tcp(ss, &a, how, err);
    case PEL_ADDRESS_UNIX:
        return open_unix(ss, &a, how, err);
    case PEL_ADDRESS_FD:
        return pel_listen_take_fd(ss, a.fd, how->key, err);
    }
    PEL_UNREACHABLE("kind of address");
}

uint32_t pel_listen_inode(const struct pel_socket *s, int *family)
{
    struct stat st;

    *family = socket_option(s->fd, SO_DOMAIN);
    return fstat(s->fd, &st) == -1 ? 0 : (uint32_t)st.st_ino;
}

void pel_listen_stop(struct pel_sockets *ss)
{
    for (size_t i = 0; i < ss->n; i++) {
        if (ss->items[i].fd != -1)
            close(ss->items[i].fd);
        ss->items[i].fd = -1;
    }
}

void pel_listen_close(struct pel_sockets *ss)
{
    pel_listen_stop(ss);
    for (size_t i = 0; i < ss->n; i++) {
        const char *path = ss->items[i].path;

        if (*path && is_stale(path))
            unlink(path);
    }
    free(ss->items);
    *ss = (struct pel_sockets){NULL, 0};
}
