#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "logfile.h"

#define REOPEN_WAIT_MS 100
#define RETRY_MS 50

/* Only this side writes the length; others read it after this process has died. */
static size_t get_len(const struct pel_logfile *f)
{
    size_t len = atomic_load_explicit(&f->log->len, memory_order_relaxed);

    return len <= PEL_SHM_LOG_LEN ? len : PEL_SHM_LOG_LEN;
}

static void set_len(struct pel_logfile *f, size_t len)
{
    atomic_store_explicit(&f->log->len, (uint32_t)len, memory_order_release);
}

void pel_logfile_init(struct pel_logfile *f, struct pel_shm_log *log)
{
    *f = (struct pel_logfile){.fd = -1, .log = log};
}

size_t pel_logfile_pending(const struct pel_logfile *f)
{
    return get_len(f);
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

/* The end of a torn line waits before the first whole one: a line does not begin with it. */
static bool has_end(const struct pel_logfile *f)
{
    return get_len(f) > 0 && f->log->data[0] == '\n';
}

/* The first `done` bytes are out; gives up on the others. */
static void lose_rest(struct pel_logfile *f, size_t done)
{
    const char *p = f->log->data;
    bool is_end_lost = done == 0 && has_end(f);

    f->n_lost += count_lines(p + done, get_len(f) - done) - is_end_lost;
    if (done)
        f->is_torn = p[done - 1] != '\n';
    else if (is_end_lost)
        f->is_torn = true;
    set_len(f, 0);
}

/* What the next write takes: everything, or as many whole lines as stay together. */
static size_t piece_len(const struct pel_logfile *f, size_t done)
{
    const char *p = f->log->data + done, *end;
    size_t len = get_len(f) - done;

    if (f->is_regular || len <= PIPE_BUF)
        return len;
    end = memrchr(p, '\n', PIPE_BUF);
    return end ? (size_t)(end - p) + 1 : PIPE_BUF;
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
    size_t len = get_len(f), done = 0;

    if (f->fd < 0)
        return false;
    while (done < len) {
        ssize_t n = write_piece(f, f->log->data + done, piece_len(f, done));

        if (n >= 0) {
            done += (size_t)n;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            break;
        } else if (errno != EINTR) {
            lose_rest(f, done);
            f->is_torn |= f->is_regular; /* by another worker, for whom there was no room either */
            return false;
        }
    }
    if (done && done < len)
        memmove(f->log->data, f->log->data + done, len - done);
    set_len(f, len - done);
    return done < len;
}

static void finish_fd(struct pel_logfile *f, int wait_ms)
{
    if (f->fd < 0)
        return;
    while (pel_logfile_write(f) && wait_ms > 0) {
        poll(NULL, 0, RETRY_MS);
        wait_ms -= RETRY_MS;
    }
    lose_rest(f, 0);
    close(f->fd);
    f->fd = -1;
}

void pel_logfile_fini(struct pel_logfile *f, int wait_ms)
{
    finish_fd(f, wait_ms);
    set_len(f, 0);
}

void pel_logfile_set_fd(struct pel_logfile *f, int fd)
{
    struct stat st;

    finish_fd(f, REOPEN_WAIT_MS);
    f->fd = fd;
    f->is_torn = f->must_poll = f->is_regular = f->is_socket = false;
    if (fd < 0 || fstat(fd, &st) < 0)
        return;
    f->is_regular = S_ISREG(st.st_mode);
    f->is_socket = S_ISSOCK(st.st_mode);
    if (!f->is_regular && !f->is_socket)
        make_nonblocking(f);
}

static bool has_room(const struct pel_logfile *f)
{
    return get_len(f) + PEL_LOGFILE_LINE_MAX + 1 <= PEL_SHM_LOG_LEN;
}

char *pel_logfile_reserve(struct pel_logfile *f)
{
    if (f->fd < 0)
        return NULL;
    if (!has_room(f) && pel_logfile_write(f) && !has_room(f)) {
        f->n_lost++;
        return NULL;
    }
    if (f->is_torn) {
        size_t len = get_len(f);

        f->log->data[len] = '\n';
        set_len(f, len + 1);
        f->is_torn = false;
    }
    return f->log->data + get_len(f);
}

void pel_logfile_commit(struct pel_logfile *f, size_t len)
{
    PEL_ASSERT(len <= PEL_LOGFILE_LINE_MAX);
    len += get_len(f);
    set_len(f, len);
    if (len >= PEL_LOGFILE_WRITE_LEN)
        pel_logfile_write(f);
}
