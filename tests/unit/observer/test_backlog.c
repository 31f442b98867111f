#include "../probe/fixture.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "observer/backlog.h"

#define LIMIT 3

struct place {
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
    } at;
    socklen_t len;
    int listener, clients[8];
    size_t n;
};

static void place_listen(struct place *p, int family)
{
    *p = (struct place){.at.any.sa_family = (sa_family_t)family};
    if (family == AF_INET6)
        p->at.in6.sin6_addr = in6addr_loopback;
    else if (family == AF_INET)
        p->at.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    p->len = family == AF_UNIX ? sizeof(sa_family_t) : sizeof(p->at); /* AF_UNIX: autobind */
    p->listener = socket(family, SOCK_STREAM, 0);
    assert_int_equal(bind(p->listener, &p->at.any, p->len), 0);
    assert_int_equal(listen(p->listener, LIMIT), 0);
    p->len = sizeof(p->at);
    assert_int_equal(getsockname(p->listener, &p->at.any, &p->len), 0);
}

static void place_connect(struct place *p)
{
    int fd = p->clients[p->n++] = socket(p->at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);

    assert_int_not_equal(fd, -1);
    (void)connect(fd, &p->at.any, p->len); /* goes on by itself */
}

static void place_close(struct place *p)
{
    while (p->n)
        close(p->clients[--p->n]);
    close(p->listener);
}

static void show(struct pel_shm_listener *l, const struct place *p)
{
    struct stat st;

    assert_int_equal(fstat(p->listener, &st), 0);
    *l = (struct pel_shm_listener){.inode = (uint32_t)st.st_ino, .family = p->at.any.sa_family};
}

static void test_each_family(void **state)
{
    static struct pel_shm_header header;
    struct pel_backlog items[PEL_SHM_LISTENERS_N];
    const int families[] = {AF_INET, AF_UNIX, AF_INET6};
    struct place places[PEL_ARRAY_LEN(families)];

    for (size_t i = 0; i < PEL_ARRAY_LEN(families); i++) {
        place_listen(&places[i], families[i]);
        for (size_t n = 0; n < i + 1; n++)
            place_connect(&places[i]);
        show(&header.listeners[2 * i], &places[i]);
    }
    pel_backlog_read(items, &header);
    for (size_t i = 0; i < PEL_ARRAY_LEN(families); i++) {
        assert_true(items[2 * i].is_known);
        assert_int_equal(items[2 * i].is_tcp, families[i] != AF_UNIX);
        assert_int_equal(items[2 * i].waiting, i + 1);
        assert_int_equal(items[2 * i].limit, LIMIT);
        assert_int_equal(items[2 * i].dropped, 0);
        assert_false(items[2 * i + 1].is_known);
        place_close(&places[i]);
    }
    pel_backlog_read(items, &header); /* they are gone */
    assert_false(items[0].is_known);
}

static void test_drops(void **state)
{
    static struct pel_shm_header header;
    struct pel_backlog items[PEL_SHM_LISTENERS_N];
    struct place place;

    place_listen(&place, AF_INET);
    show(&header.listeners[0], &place);
    for (size_t n = 0; n < LIMIT + 1 + 2; n++)
        place_connect(&place);
    pel_backlog_read(items, &header);
    assert_int_equal(items[0].waiting, LIMIT + 1); /* the kernel's way to count */
    assert_true(items[0].dropped >= 2);
    place_close(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_family),
        cmocka_unit_test(test_drops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
