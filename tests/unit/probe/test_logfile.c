/* Slow and broken readers of the access log: no waiting, whole lines, every lost one counted. */
#include "fixture.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "probe/logfile.h"

static struct pel_shm_log log_room;

static void set_up(struct pel_logfile *f, int fd)
{
    memset(&log_room, 0, sizeof(log_room));
    pel_logfile_init(f, &log_room);
    pel_logfile_set_fd(f, fd);
}

/* A line of len bytes: a letter, dots, a newline. */
static bool put_line(struct pel_logfile *f, char letter, size_t len)
{
    char *p = pel_logfile_reserve(f);

    if (!p)
        return false;
    memset(p, '.', len);
    p[0] = letter;
    p[len - 1] = '\n';
    pel_logfile_commit(f, len);
    return true;
}

static void file_gets_many_lines_at_once(void **state)
{
    char path[] = "/tmp/pellucid-test-XXXXXX";
    struct pel_logfile f;
    struct stat st;
    int fd = mkstemp(path);

    set_up(&f, fd);
    for (int i = 0; i < 10; i++)
        assert_true(put_line(&f, 'a', 100));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 0);
    assert_false(pel_logfile_write(&f));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 1000);
    for (unsigned i = 0; i < PEL_LOGFILE_WRITE_LEN / 1000 + 1; i++)
        assert_true(put_line(&f, 'b', 1000));
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size > (off_t)PEL_LOGFILE_WRITE_LEN);
    pel_logfile_fini(&f, 0);
    assert_int_equal(f.n_lost, 0);
    unlink(path);
}

static void slow_pipe_holds_lines_back_then_loses_them(void **state)
{
    struct pel_logfile f;
    uint64_t n_lines = 0, n_read = 0;
    char room[1000];
    int fds[2];

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    set_up(&f, fds[1]);
    while (f.n_lost == 0)
        n_lines += put_line(&f, 'c', 1000);
    assert_true(pel_logfile_write(&f));
    for (; n_read < n_lines; n_read++) {
        assert_int_equal(read(fds[0], room, sizeof(room)), sizeof(room));
        assert_int_equal(room[0], 'c');
        assert_int_equal(room[sizeof(room) - 1], '\n');
        pel_logfile_write(&f);
    }
    assert_int_equal(pel_logfile_pending(&f), 0);
    pel_logfile_fini(&f, 0);
    close(fds[0]);
}

static void pipe_of_others_stays_blocking(void **state)
{
    struct pel_logfile f;
    int fds[2], ours;

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    ours = fcntl(fds[1], F_DUPFD_CLOEXEC, 3);
    set_up(&f, ours);
    assert_true(fcntl(f.fd, F_GETFL) & O_NONBLOCK);
    assert_false(fcntl(fds[1], F_GETFL) & O_NONBLOCK);
    pel_logfile_fini(&f, 0);
    close(fds[0]);
    close(fds[1]);
}

static void gone_reader_costs_lines_only(void **state)
{
    struct pel_logfile f;
    int fds[2];

    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    set_up(&f, fds[1]);
    close(fds[0]);
    for (int i = 0; i < 5; i++)
        assert_true(put_line(&f, 'd', 50));
    assert_false(pel_logfile_write(&f));
    assert_int_equal(f.n_lost, 5);
    pel_logfile_fini(&f, 0);
}

static void socket_is_never_waited_for(void **state)
{
    struct pel_logfile f;
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    set_up(&f, fds[1]);
    while (f.n_lost == 0)
        put_line(&f, 'e', 2000);
    pel_logfile_fini(&f, 0);
    assert_true(f.n_lost > 30);
    close(fds[0]);
}

static void torn_line_is_ended(void **state)
{
    struct pel_logfile f;
    char room[16];
    int fds[2];

    set_up(&f, open("/dev/full", O_WRONLY | O_CLOEXEC));
    f.is_torn = true;
    assert_true(put_line(&f, 'f', 10));
    assert_false(pel_logfile_write(&f));
    assert_int_equal(f.n_lost, 1); /* the torn one has been counted */
    assert_true(f.is_torn);
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pel_logfile_set_fd(&f, fds[1]);
    assert_true(put_line(&f, 'g', 10));
    assert_false(pel_logfile_write(&f));
    assert_int_equal(read(fds[0], room, sizeof(room)), 10); /* another file is not torn */
    pel_logfile_fini(&f, 0);
    close(fds[0]);
}

static void limit_files(rlim_t len)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = len < limit.rlim_max ? len : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void full_disk_leaves_no_line_with_the_piece_of_another(void **state)
{
    static struct pel_shm_log other_room;
    char path[] = "/tmp/pellucid-test-XXXXXX", text[64] = "";
    struct pel_logfile f, other;
    int fd = mkostemp(path, O_APPEND);

    signal(SIGXFSZ, SIG_IGN);
    set_up(&f, fd);
    pel_logfile_init(&other, &other_room);
    pel_logfile_set_fd(&other, fcntl(fd, F_DUPFD_CLOEXEC, 3));
    limit_files(5);
    for (int i = 0; i < 3; i++) {
        assert_true(put_line(&f, 'h', 10));
        assert_false(pel_logfile_write(&f));
    }
    assert_true(put_line(&other, 'i', 10));
    assert_false(pel_logfile_write(&other));
    limit_files(RLIM_INFINITY);
    assert_true(put_line(&other, 'j', 10));
    assert_false(pel_logfile_write(&other));
    assert_true(put_line(&f, 'k', 10));
    assert_true(put_line(&f, 'l', 10));
    assert_false(pel_logfile_write(&f));
    assert_int_equal(f.n_lost, 3);
    assert_int_equal(other.n_lost, 1);
    assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
    assert_string_equal(text, "h....\nj........\n\nk........\nl........\n");
    pel_logfile_fini(&f, 0);
    pel_logfile_fini(&other, 0);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_gets_many_lines_at_once),
        cmocka_unit_test(slow_pipe_holds_lines_back_then_loses_them),
        cmocka_unit_test(pipe_of_others_stays_blocking),
        cmocka_unit_test(gone_reader_costs_lines_only),
        cmocka_unit_test(socket_is_never_waited_for),
        cmocka_unit_test(torn_line_is_ended),
        cmocka_unit_test(full_disk_leaves_no_line_with_the_piece_of_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
