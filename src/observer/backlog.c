#include "backlog.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_LEN 32768             /* as much as the kernel puts into one datagram */
#define LISTENING (1U << TCP_LISTEN) /* of unix sockets, too */

/* --- asking the kernel --- */

struct question {
    struct nlmsghdr head;
    union {
        struct inet_diag_req_v2 inet;
        struct unix_diag_req unix_;
    } of;
};

static struct question question_for(int family)
{
    struct question q = {
        .head = {.nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}};

    if (family == AF_UNIX) {
        q.head.nlmsg_len = NLMSG_LENGTH(sizeof(q.of.unix_));
        q.of.unix_ = (struct unix_diag_req){
            .sdiag_family = AF_UNIX, .udiag_states = LISTENING, .udiag_show = UDIAG_SHOW_RQLEN};
    } else {
        q.head.nlmsg_len = NLMSG_LENGTH(sizeof(q.of.inet));
        q.of.inet = (struct inet_diag_req_v2){.sdiag_family = (uint8_t)family,
                                              .sdiag_protocol = IPPROTO_TCP,
                                              .idiag_ext = 1U << (INET_DIAG_SKMEMINFO - 1),
                                              .idiag_states = LISTENING};
    }
    return q;
}

static void note(struct pel_backlog *items, const struct pel_shm_header *header, uint32_t inode,
                 const struct pel_backlog *found)
{
    for (size_t i = 0; i < PEL_SHM_LISTENERS_N; i++)
        if (inode && header->listeners[i].inode == inode)
            items[i] = *found;
}

/* The attribute of that type behind the len bytes of a message's own part; NULL without one, or
 * when it is shorter than min_len. */
static const void *attribute(const struct nlmsghdr *m, size_t len, unsigned short type,
                             size_t min_len)
{
    const char *start = (const char *)NLMSG_DATA(m) + NLMSG_ALIGN(len);
    int left = (int)(m->nlmsg_len - NLMSG_LENGTH(len));

    for (const struct rtattr *a = (const void *)start; RTA_OK(a, left); a = RTA_NEXT(a, left))
        if (a->rta_type == type)
            return RTA_PAYLOAD(a) >= min_len ? RTA_DATA(a) : NULL;
    return NULL;
}

static void read_inet(struct pel_backlog *items, const struct pel_shm_header *header,
                      const struct nlmsghdr *m)
{
    const struct inet_diag_msg *d = NLMSG_DATA(m);
    struct pel_backlog found = {.is_known = true, .is_tcp = true};
    const uint32_t *memory;

    if (m->nlmsg_len < NLMSG_LENGTH(sizeof(*d)))
        return;
    found.waiting = d->idiag_rqueue;
    found.limit = d->idiag_wqueue;
    memory = attribute(m, sizeof(*d), INET_DIAG_SKMEMINFO, SK_MEMINFO_VARS * sizeof(*memory));
    if (memory)
        found.dropped = memory[SK_MEMINFO_DROPS];
    note(items, header, d->idiag_inode, &found);
}

static void read_unix(struct pel_backlog *items, const struct pel_shm_header *header,
                      const struct nlmsghdr *m)
{
    const struct unix_diag_msg *d = NLMSG_DATA(m);
    const struct unix_diag_rqlen *queue;

    if (m->nlmsg_len < NLMSG_LENGTH(sizeof(*d)))
        return;
    queue = attribute(m, sizeof(*d), UNIX_DIAG_RQLEN, sizeof(*queue));
    if (queue)
        note(items, header, d->udiag_ino,
             &(struct pel_backlog){
                 .waiting = queue->udiag_rqueue, .limit = queue->udiag_wqueue, .is_known = true});
}

/* NLMSG_OK, which compares signed and unsigned. left may be below zero. */
static bool is_whole(const struct nlmsghdr *m, int left)
{
    return left >= (int)sizeof(*m) && m->nlmsg_len >= sizeof(*m) && m->nlmsg_len <= (unsigned)left;
}

/* True when there is more to come. */
static bool read_answer(struct pel_backlog *items, const struct pel_shm_header *header, int family,
                        const char *answer, size_t len)
{
    int left = (int)len;

    for (const struct nlmsghdr *m = (const void *)answer; is_whole(m, left);
         m = NLMSG_NEXT(m, left)) {
        if (m->nlmsg_type != SOCK_DIAG_BY_FAMILY)
            return false; /* done, or an error */
        if (family == AF_UNIX)
            read_unix(items, header, m);
        else
            read_inet(items, header, m);
    }
    return true;
}

static void ask(struct pel_backlog *items, const struct pel_shm_header *header, int fd, int family)
{
    _Alignas(struct nlmsghdr) char answer[ANSWER_LEN];
    struct question q = question_for(family);
    ssize_t n = send(fd, &q, q.head.nlmsg_len, 0);

    while (n > 0) {
        n = recv(fd, answer, ANSWER_LEN, MSG_DONTWAIT); /* a dump is there at once */
        if (n > 0 && !read_answer(items, header, family, answer, (size_t)n))
            break;
    }
}

static bool has_family(const struct pel_shm_header *header, int family)
{
    for (size_t i = 0; i < PEL_SHM_LISTENERS_N; i++)
        if (header->listeners[i].inode && header->listeners[i].family == family)
            return true;
    return false;
}

void pel_backlog_read(struct pel_backlog *items, const struct pel_shm_header *header)
{
    static const int of_listeners[] = {AF_INET, AF_INET6, AF_UNIX};
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

    for (size_t i = 0; i < PEL_SHM_LISTENERS_N; i++)
        items[i] = (struct pel_backlog){.is_known = false};
    for (size_t i = 0; fd != -1 && i < PEL_ARRAY_LEN(of_listeners); i++)
        if (has_family(header, of_listeners[i]))
            ask(items, header, fd, of_listeners[i]);
    if (fd != -1)
        close(fd);
}

/* --- what is told --- */

static struct pel_str url_of(const struct pel_shm_listener *l)
{
    return pel_str(l->url, strnlen(l->url, sizeof(l->url)));
}

static const struct {
    struct pel_metric_info info;
    const char *key; /* of the status page */
    size_t offset;   /* of a uint64_t in struct pel_backlog */
    bool of_tcp;
} families[] = {
    {{PEL_METRIC_KIND_UPDOWN, "{connection}", "pellucid.listener.backlog",
      "Connections that wait in the kernel to be accepted."},
     "backlog",
     offsetof(struct pel_backlog, waiting),
     false},
    {{PEL_METRIC_KIND_UPDOWN, "{connection}", "pellucid.listener.backlog.limit",
      "Connections that may wait in the kernel; further ones are dropped."},
     "backlog_limit",
     offsetof(struct pel_backlog, limit),
     false},
    {{PEL_METRIC_KIND_COUNTER, "{connection}", "pellucid.listener.drops",
      "Attempts to connect that the kernel has dropped, most for want of room in the backlog."},
     "drops",
     offsetof(struct pel_backlog, dropped),
     true},
};

static uint64_t value_of(const struct pel_backlog *b, size_t f)
{
    return *(const uint64_t *)(const void *)((const char *)b + families[f].offset);
}

static bool tells(const struct pel_backlog *b, size_t f)
{
    return b->is_known && (b->is_tcp || !families[f].of_tcp);
}

/* What the kernel does not tell is no family without points. */
static bool has_any(const struct pel_backlog *items, size_t f)
{
    for (size_t i = 0; i < PEL_SHM_LISTENERS_N; i++)
        if (tells(&items[i], f))
            return true;
    return false;
}

void pel_backlog_collect(struct pel_sink *sink, const struct pel_shm_header *header)
{
    struct pel_backlog items[PEL_SHM_LISTENERS_N];

    pel_backlog_read(items, header);
    for (size_t f = 0; f < PEL_ARRAY_LEN(families); f++) {
        if (!has_any(items, f))
            continue;
        sink->family(sink, &families[f].info);
        for (size_t i = 0; i < PEL_SHM_LISTENERS_N; i++) {
            struct pel_labels ls = {.n = 0};

            if (!tells(&items[i], f))
                continue;
            pel_labels_text(&ls, "pellucid.listener", url_of(&header->listeners[i]));
            sink->point(sink, &ls, value_of(&items[i], f));
        }
    }
}

void pel_backlog_show(struct pel_json *j, const struct pel_shm_header *header)
{
    struct pel_backlog items[PEL_SHM_LISTENERS_N];

    pel_backlog_read(items, header);
    pel_json_open(j, "listeners", '[');
    for (size_t i = 0; i < PEL_SHM_LISTENERS_N; i++) {
        if (!header->listeners[i].inode)
            continue;
        pel_json_open(j, NULL, '{');
        pel_json_str(j, "address", url_of(&header->listeners[i]));
        for (size_t f = 0; f < PEL_ARRAY_LEN(families); f++)
            if (tells(&items[i], f))
                pel_json_uint(j, families[f].key, value_of(&items[i], f));
        pel_json_close(j, '}');
    }
    pel_json_close(j, ']');
}
