#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "logfile.h"

#define LAST_TRIES 10
#define LAST_TRY_MS 100

void pel_logfile_init(struct pel_logfile *f)
{
    *f = (struct pel_logfile){.fd = -1, .buf = malloc(PEL_LOGFILE_LEN)};
    PEL_ASSERT(f->buf != NULL);
}

/* A pipe or terminal is shared with other programs, whose flags are not ours to change: a
 * description of our own is opened, non-blocking. Where that is not allowed, poll must do. */
static void make_nonblocking(struct pel_logfile *f)
{
    char path[32];
    int fd;

    if (fcntl(f->fd, F_GETFL) & O_NONBLOCK)
        return;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", f->fd);
    fd = open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        f->must_poll = true;
        return;
    }
    close(f->fd);
    f->fd = fd;
}

static uint64_t count_lines(const char *p, size_t len)
{
    uint64_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += p[i] == '\n';
    return n;
}

static void lose_rest(struct pel_logfile *f, size_t done)
{
    f->n_lost += count_lines(f->buf + done, f->len - done);
    if (done)
        f->is_torn = f->buf[done - 1] != '\n';
    f->len = 0;
}

/* What the next write takes: everything, or as many whole lines as stay together. */
static size_t piece_len(const struct pel_logfile *f, size_t done)
{
    size_t len = f->len - done;
    const char *end;

    if (f->is_regular || len <= PIPE_BUF)
        return len;
    end = memrchr(f->buf + done, '\n', PIPE_BUF);
    return end ? (size_t)(end - (f->buf + done)) + 1 : PIPE_BUF;
}

static ssize_t write_piece(const struct pel_logfile *f, const char *p, size_t len)
{
    struct pollfd pfd = {.fd = f->fd, .events = POLLOUT};

    if (f->is_socket)
        return send(f->fd, p, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (f->must_poll && poll(&pfd, 1, 0) == 0) {
        errno = EAGAIN;
        return -1;
    }
    return write(f->fd, p, len);
}

bool pel_logfile_write(struct pel_logfile *f)
{
    size_t done = 0;

    while (done < f->len) {
        ssize_t n = write_piece(f, f->buf + done, piece_len(f, done));

        if (n >= 0) {
            done += (size_t)n;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            break;
        } else if (errno != EINTR) {
            lose_rest(f, done);
            return false;
        }
    }
    f->len -= done;
    if (done && f->len)
        memmove(f->buf, f->buf + done, f->len);
    return f->len > 0;
}

static void finish_fd(struct pel_logfile *f)
{
    struct pollfd pfd = {.fd = f->fd, .events = POLLOUT};

    if (f->fd < 0)
        return;
    for (int i = 0; i < LAST_TRIES && pel_logfile_write(f); i++)
        poll(&pfd, 1, LAST_TRY_MS);
    if (pel_logfile_write(f))
        lose_rest(f, 0);
    close(f->fd);
    f->fd = -1;
}

void pel_logfile_fini(struct pel_logfile *f)
{
    finish_fd(f);
    free(f->buf);
    f->buf = NULL;
}

void pel_logfile_set_fd(struct pel_logfile *f, int fd)
{
    struct stat st;

    finish_fd(f);
    f->fd = fd;
    f->is_torn = f->must_poll = f->is_regular = f->is_socket = false;
    if (fd < 0 || fstat(fd, &st) < 0)
        return;
    f->is_regular = S_ISREG(st.st_mode);
    f->is_socket = S_ISSOCK(st.st_mode);
    if (!f->is_regular && !f->is_socket)
        make_nonblocking(f);
}

char *pel_logfile_reserve(struct pel_logfile *f)
{
    if (f->fd < 0)
        return NULL;
    if (f->len + PEL_LOGFILE_LINE_MAX + 1 > PEL_LOGFILE_LEN && pel_logfile_write(f) &&
        f->len + PEL_LOGFILE_LINE_MAX + 1 > PEL_LOGFILE_LEN) {
        f->n_lost++;
        return NULL;
    }
    if (f->is_torn) {
        f->buf[f->len++] = '\n';
        f->is_torn = false;
    }
    return f->buf + f->len;
}

void pel_logfile_commit(struct pel_logfile *f, size_t len)
{
    PEL_ASSERT(len <= PEL_LOGFILE_LINE_MAX);
    f->len += len;
    if (f->len >= PEL_LOGFILE_WRITE_LEN)
        pel_logfile_write(f);
}
