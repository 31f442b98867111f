#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop.h"
#include "outq.h"

#define IOV_N 32
/* Sent of a file by one system call: a slow disk holds up the others no longer than that. */
#define FILE_PART (1U << 20)

struct pel_outq_item {
    struct pel_outq_item *next;
    void *owner;     /* referenced; NULL for copies and files */
    const char *p;   /* next byte; of a copy it points into copy[] */
    uint64_t len;    /* unsent */
    uint64_t offset; /* of a file */
    int fd;          /* owned; -1 for memory */
    char copy[];
};

void pel_outq_init(struct pel_outq *q)
{
    *q = (struct pel_outq){NULL, &q->head, 0};
}

static struct pel_outq_item *add_item(struct pel_outq *q, size_t copy_len, uint64_t len)
{
    struct pel_outq_item *item = malloc(sizeof(*item) + copy_len);

    PEL_ASSERT(item != NULL);
    *item = (struct pel_outq_item){.len = len, .fd = -1};
    *q->tail = item;
    q->tail = &item->next;
    q->len += len;
    return item;
}

void pel_outq_add(struct pel_outq *q, struct pel_str bytes, void *owner)
{
    struct pel_outq_item *item;

    if (bytes.len == 0)
        return;
    item = add_item(q, owner ? 0 : bytes.len, bytes.len);
    item->owner = Py_XNewRef((PyObject *)owner);
    item->p = owner ? bytes.p : memcpy(item->copy, bytes.p, bytes.len);
}

int pel_outq_add_file(struct pel_outq *q, int fd, uint64_t offset, uint64_t len)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    struct pel_outq_item *item;

    if (copy < 0)
        return -1;
    item = add_item(q, 0, len);
    item->fd = copy;
    item->offset = offset;
    return 0;
}

static void drop_head(struct pel_outq *q, struct pel_loop *loop)
{
    struct pel_outq_item *item = q->head;

    q->head = item->next;
    if (!q->head)
        q->tail = &q->head;
    q->len -= item->len;
    if (item->owner)
        pel_loop_drop_ref(loop, item->owner);
    if (item->fd >= 0)
        close(item->fd);
    free(item);
}

void pel_outq_fini(struct pel_outq *q, struct pel_loop *loop)
{
    while (q->head)
        drop_head(q, loop);
}

static void consume(struct pel_outq *q, uint64_t n, struct pel_loop *loop)
{
    while (n > 0) {
        struct pel_outq_item *item = q->head;
        uint64_t part = n < item->len ? n : item->len;

        item->p += part;
        item->len -= part;
        q->len -= part;
        n -= part;
        if (item->len == 0)
            drop_head(q, loop);
    }
}

static int64_t send_memory(struct pel_outq *q, int sock, struct pel_loop *loop)
{
    struct iovec iov[IOV_N];
    struct msghdr msg = {.msg_iov = iov};
    struct pel_outq_item *i;
    ssize_t n;

    for (i = q->head; i && i->fd < 0 && msg.msg_iovlen < IOV_N; i = i->next)
        iov[msg.msg_iovlen++] = (struct iovec){(char *)(uintptr_t)i->p, i->len};
    n = sendmsg(sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL | (i ? MSG_MORE : 0));
    if (n > 0)
        consume(q, (uint64_t)n, loop);
    return n;
}

/* For files that sendfile cannot read. */
static ssize_t copy_file(const struct pel_outq_item *item, int sock)
{
    char part[16384];
    ssize_t n = pread(item->fd, part, item->len < sizeof(part) ? item->len : sizeof(part),
                      (off_t)item->offset);

    return n > 0 ? send(sock, part, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) : n;
}

static int64_t send_file(struct pel_outq *q, int sock, struct pel_loop *loop)
{
    struct pel_outq_item *item = q->head;
    off_t offset = (off_t)item->offset;
    ssize_t n = sendfile(sock, item->fd, &offset, item->len < FILE_PART ? item->len : FILE_PART);

    if (n < 0 && errno == EINVAL)
        n = copy_file(item, sock);
    if (n == 0) {
        errno = ENODATA;
        return -1;
    }
    if (n > 0) {
        item->offset += (uint64_t)n;
        item->len -= (uint64_t)n;
        q->len -= (uint64_t)n;
        if (item->len == 0)
            drop_head(q, loop);
    }
    return n;
}

int64_t pel_outq_send(struct pel_outq *q, int sock, struct pel_loop *loop)
{
    int64_t sum = 0, n;

    while (q->head) {
        n = q->head->fd >= 0 ? send_file(q, sock, loop) : send_memory(q, sock, loop);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? sum : -1;
        sum += n;
    }
    return sum;
}
