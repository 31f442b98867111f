/* What the log writes to stderr, read back through a pipe. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../check.h"
#include "pellucid/log.h"

static int stderr_fd, read_fd;
static char text[2 * PEL_LOG_LINE_MAX];

static int redirect(void **state)
{
    int fds[2];

    assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
    stderr_fd = dup(STDERR_FILENO);
    dup2(fds[1], STDERR_FILENO);
    close(fds[1]);
    read_fd = fds[0];
    return 0;
}

static int restore(void **state)
{
    dup2(stderr_fd, STDERR_FILENO);
    close(stderr_fd);
    close(read_fd);
    pel_log_init(PEL_LEVEL_INFO, PEL_LOG_TEXT, "test");
    return 0;
}

/* What was written since the last call; "" when nothing was. */
static const char *written(void)
{
    ssize_t n = read(read_fd, text, sizeof(text) - 1);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

static bool ends_with(const char *s, const char *end)
{
    return strlen(s) >= strlen(end) && strcmp(s + strlen(s) - strlen(end), end) == 0;
}

static void a_line_says_when_who_and_what(void **state)
{
    char expected[80];
    const char *line;

    pel_log_init(PEL_LEVEL_INFO, PEL_LOG_TEXT, "worker 3");
    pel_log(PEL_LOG_STOPPED, "ready after %d ms", 12);
    line = written();
    snprintf(expected, sizeof(expected), "Z info PEL106 worker 3[%d] ready after 12 ms\n",
             (int)getpid());
    assert_true(ends_with(line, expected));
    assert_int_equal(strlen(line), strlen("2026-11-22T15:30:00.123") + strlen(expected));
}

static void what_is_below_the_level_is_left_out(void **state)
{
    pel_log_init(PEL_LEVEL_WARNING, PEL_LOG_TEXT, "test");
    pel_log(PEL_LOG_WORKER_READY, "no");
    pel_log(PEL_LOG_STOPPED, "no");
    pel_log_block(PEL_LOG_STOPPED, "no", PEL_STR("no"));
    assert_string_equal(written(), "");
    pel_log(PEL_LOG_CONFIG_WARNING, "yes");
    assert_true(ends_with(written(), " yes\n"));
    pel_log(PEL_LOG_START_FAILED, "yes");
    assert_non_null(strstr(written(), " error PEL103 test["));
}

static void data_cannot_forge_a_line(void **state)
{
    pel_log_init(PEL_LEVEL_INFO, PEL_LOG_TEXT, "test");
    pel_log(PEL_LOG_STOPPED, "%s", "a\nb\r\x1b[31m\x7f\x9b\xc2\x9b\tna\xc3\xafve\xff");
    assert_true(
        ends_with(written(), " a\\x0ab\\x0d\\x1b[31m\\x7f\\x9b\\xc2\\x9b\tna\xc3\xafve\\xff\n"));
}

static void a_block_is_indented(void **state)
{
    pel_log_init(PEL_LEVEL_INFO, PEL_LOG_TEXT, "test");
    pel_log_block(PEL_LOG_APP_RAISED, "app raised", PEL_STR("Traceback:\n  File \"a.py\"\r\n\n"));
    assert_true(ends_with(written(), " app raised\n    Traceback:\n      File \"a.py\"\\x0d\n"));
}

static void a_long_message_leaves_no_room_for_details(void **state)
{
    static char message[PEL_LOG_LINE_MAX];
    const struct pel_log_event event = {
        .entry = PEL_LOG_APP_RAISED,
        .message = pel_str(message, sizeof(message)),
        .detail = pel_str(message, sizeof(message)),
    };

    memset(message, 'x', sizeof(message));
    pel_log_init(PEL_LEVEL_INFO, PEL_LOG_TEXT, "test");
    pel_log_event(&event);
    assert_true(ends_with(written(), "xxx...\n"));
    assert_true(strlen(text) <= PEL_LOG_LINE_MAX);
}

static void json_has_the_same_in_fields(void **state)
{
    char expected[160];

    pel_log_init(PEL_LEVEL_INFO, PEL_LOG_JSON, "test");
    pel_log(PEL_LOG_STOPPED, "a \"b\"\n");
    snprintf(expected, sizeof(expected),
             "Z\",\"level\":\"info\",\"code\":\"PEL106\",\"process\":\"test[%d]\",\"message\":\"a "
             "\\\"b\\\"\\u000a\"}\n",
             (int)getpid());
    assert_true(ends_with(written(), expected));
    pel_log_block(PEL_LOG_APP_RAISED, "x", PEL_STR("1\n2"));
    assert_true(ends_with(written(), "\"message\":\"x\",\"detail\":\"1\\u000a2\"}\n"));
}

static void a_long_line_is_cut_and_whole(void **state)
{
    static char quotes[3 * PEL_LOG_LINE_MAX];
    const char *line;

    memset(quotes, '"', sizeof(quotes) - 1);
    pel_log_init(PEL_LEVEL_INFO, PEL_LOG_TEXT, "test");
    pel_log(PEL_LOG_STOPPED, "%s", quotes);
    assert_true(ends_with(written(), "\"...\n"));
    pel_log_block(PEL_LOG_STOPPED, "x", pel_str(quotes, sizeof(quotes) - 1));
    line = written();
    assert_true(ends_with(line, "\"...\n"));
    assert_true(strlen(line) > PEL_LOG_LINE_MAX - 20 && strlen(line) <= PEL_LOG_LINE_MAX);
    pel_log_init(PEL_LEVEL_INFO, PEL_LOG_JSON, "test");
    pel_log_block(PEL_LOG_STOPPED, quotes, pel_str(quotes, sizeof(quotes) - 1));
    line = written();
    assert_non_null(strstr(line, "\\\"...\",\"detail\":\"\\\""));
    assert_true(ends_with(line, "\\\"...\"}\n"));
    assert_true(strlen(line) <= PEL_LOG_LINE_MAX);
}

static void an_event_has_its_fields_in_json(void **state)
{
    static const uint8_t id[16] = {0x4b, 0xf9};
    const struct pel_log_field fields[] = {{"http.route", .value = PEL_STR("/o/\"1\"")},
                                           {"code.line.number", .number = 88},
                                           {"url.path", .value = PEL_STR("")}};
    const struct pel_log_event event = {.entry = PEL_LOG_APP_RAISED,
                                        .message = PEL_STR("raised"),
                                        .detail = PEL_STR("Traceback"),
                                        .trace_id = id,
                                        .span_id = id,
                                        .fields = fields,
                                        .n_fields = PEL_ARRAY_LEN(fields)};

    pel_log_init(PEL_LEVEL_INFO, PEL_LOG_JSON, "test");
    pel_log_event(&event);
    assert_true(ends_with(
        written(),
        "\"message\":\"raised\",\"trace_id\":\"4bf90000000000000000000000000000\","
        "\"span_id\":\"4bf9000000000000\",\"http.route\":\"/o/\\\"1\\\"\",\"code.line.number\":88,"
        "\"detail\":\"Traceback\"}\n"));
    pel_log_init(PEL_LEVEL_INFO, PEL_LOG_TEXT, "test");
    pel_log_event(&event);
    assert_true(ends_with(written(), " raised\n    Traceback\n"));
}

static void json_is_whole_however_much_there_is(void **state)
{
    static char quotes[PEL_LOG_LINE_MAX];
    const struct pel_log_field fields[] = {{"a", .value = pel_str(quotes, 5000)},
                                           {"b", .value = pel_str(quotes, 5000)},
                                           {"c", .value = PEL_STR("c")}};
    const char *line;

    memset(quotes, '"', sizeof(quotes));
    pel_log_init(PEL_LEVEL_INFO, PEL_LOG_JSON, "test");
    pel_log_event(&(struct pel_log_event){.entry = PEL_LOG_STOPPED,
                                          .message = pel_str(quotes, sizeof(quotes)),
                                          .detail = pel_str(quotes, sizeof(quotes)),
                                          .fields = fields,
                                          .n_fields = PEL_ARRAY_LEN(fields)});
    line = written();
    assert_true(ends_with(line, "\\\"...\"}\n"));
    assert_null(strstr(line, "\"c\""));
    assert_null(strstr(line, "detail"));
}

static void count_watched(void *arg, const struct pel_log_event *event)
{
    assert_true(pel_log_infos[event->entry].level >= PEL_LEVEL_WARNING);
    ++*(unsigned *)arg;
}

static void who_watches_is_told_of_warnings_whatever_the_level(void **state)
{
    unsigned n = 0;

    pel_log_init(PEL_LEVEL_ERROR, PEL_LOG_TEXT, "test");
    pel_log_set_watch(count_watched, &n);
    pel_log(PEL_LOG_STOPPED, "no");
    pel_log(PEL_LOG_CONFIG_WARNING, "yes");
    assert_string_equal(written(), "");
    pel_log(PEL_LOG_START_FAILED, "yes");
    pel_log_set_watch(NULL, NULL);
    pel_log(PEL_LOG_START_FAILED, "no");
    assert_int_equal(n, 2);
}

static void errno_is_kept(void **state)
{
    pel_log_init(PEL_LEVEL_INFO, PEL_LOG_TEXT, "test");
    for (int i = 0; i < 100; i++) {
        errno = ENOENT;
        pel_log(PEL_LOG_STOPPED, "%02000d", 0); /* the pipe is full after a while */
        assert_int_equal(errno, ENOENT);
    }
}

#define log_test(f) cmocka_unit_test_setup_teardown(f, redirect, restore)

int main(void)
{
    const struct CMUnitTest tests[] = {
        log_test(a_line_says_when_who_and_what),
        log_test(what_is_below_the_level_is_left_out),
        log_test(data_cannot_forge_a_line),
        log_test(a_block_is_indented),
        log_test(a_long_message_leaves_no_room_for_details),
        log_test(json_has_the_same_in_fields),
        log_test(a_long_line_is_cut_and_whole),
        log_test(an_event_has_its_fields_in_json),
        log_test(json_is_whole_however_much_there_is),
        log_test(who_watches_is_told_of_warnings_whatever_the_level),
        log_test(errno_is_kept),
    };

    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
