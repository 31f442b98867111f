/* The table of exceptions: kinds, the last of each, the bound, and a worker that dies in it. */
#include "fixture.h"
#include "pellucid/exception.h"

static struct pel_conf conf;
static struct pel_shm shm;
static struct pel_shm_slot *slot;
static struct pel_probes *ps;

static void start(void)
{
    struct pel_err err;

    ps = pel_probes_start(&conf, &shm, 0, -1, &err);
    assert_non_null(ps);
}

static int set_up(void **state)
{
    conf = fixture_conf();
    conf.http_access_log = (char *)"off";
    shm = fixture_shm(1);
    slot = pel_shm_slot(&shm, 0);
    start();
    return 0;
}

static int tear_down(void **state)
{
    pel_probes_stop(ps);
    pel_shm_close(&shm);
    return 0;
}

static struct pel_exception fixture_exception(void)
{
    return (struct pel_exception){
        .type = PEL_STR("KeyError"),
        .message = PEL_STR("'user'"),
        .stack = PEL_STR("Traceback ...\nKeyError: 'user'\n"),
        .function = PEL_STR("shop.views.load"),
        .file = PEL_STR("/srv/shop/views.py"),
        .line = 88,
    };
}

static void count(const struct pel_exception *exc)
{
    struct pel_record rec = fixture_record(pel_now_ns());

    pel_exception_count(ps, &rec, exc);
}

static uint64_t count_of(unsigned i)
{
    return atomic_load(&slot->exceptions.items[i].count);
}

static void each_type_and_place_has_an_entry(void **state)
{
    struct pel_exception exc = fixture_exception();

    count(&exc);
    count(&exc);
    exc.line = 89;
    count(&exc);
    exc.type = PEL_STR("ValueError");
    count(&exc);
    assert_int_equal(pel_exceptions_used(&slot->exceptions), 3);
    assert_int_equal(count_of(0), 2);
    assert_int_equal(count_of(1), 1);
    assert_int_equal(slot->exceptions.items[1].line, 89);
    assert_memory_equal(slot->exceptions.items[2].type, "ValueError",
                        slot->exceptions.items[2].type_len);
}

static void the_last_one_is_there_whole(void **state)
{
    struct pel_exception exc = fixture_exception();
    struct pel_shm_exception_last last;
    uint64_t before_ns = pel_wall_ns();

    count(&exc);
    exc.message = PEL_STR("'customer'");
    count(&exc);
    assert_true(pel_exception_last(&slot->exceptions.items[0], &last));
    assert_between(last.at_wall_ns, before_ns, pel_wall_ns());
    assert_int_equal(last.trace_id[0], 0xab);
    assert_int_equal(last.span_id[0], 0xcd);
    assert_int_equal(last.message_len, strlen("'customer'"));
    assert_memory_equal(last.message, "'customer'", last.message_len);
    assert_memory_equal(last.method, "GET", last.method_len);
    assert_memory_equal(last.route, "/orders/{id}", last.route_len);
    assert_memory_equal(last.stack, "Traceback", 9);
}

static void what_is_too_long_keeps_its_end(void **state)
{
    static char name[3 * PEL_SHM_NAME_LEN], stack[2 * PEL_SHM_STACK_LEN];
    struct pel_exception exc = fixture_exception();
    const struct pel_shm_exception *e = &slot->exceptions.items[0];

    memset(name, 'x', sizeof(name));
    name[sizeof(name) - 1] = 'y';
    memset(stack, 's', sizeof(stack));
    exc.type = exc.function = exc.file = pel_str(name, sizeof(name));
    exc.message = exc.stack = pel_str(stack, sizeof(stack));
    count(&exc);
    count(&exc);
    assert_int_equal(pel_exceptions_used(&slot->exceptions), 1);
    assert_int_equal(e->type_len, PEL_SHM_NAME_LEN);
    assert_memory_equal(e->type, "...x", 4);
    assert_int_equal(e->function[PEL_SHM_NAME_LEN - 1], 'y');
    assert_int_equal(e->last.message_len, PEL_SHM_MESSAGE_LEN);
    assert_int_equal(e->last.stack_len, PEL_SHM_STACK_LEN);
    assert_memory_equal(e->last.stack, "...s", 4);
}

static void what_finds_no_entry_is_counted_in_the_last_one(void **state)
{
    struct pel_exception exc = fixture_exception();

    for (exc.line = 1; exc.line <= PEL_SHM_EXCEPTIONS_N + 100; exc.line++)
        count(&exc);
    assert_int_equal(pel_exceptions_used(&slot->exceptions), PEL_SHM_EXCEPTIONS_N);
    assert_int_equal(count_of(0), 1);
    assert_int_equal(count_of(PEL_SHM_EXCEPTIONS_N - 1), 101);
    assert_int_equal(slot->exceptions.items[PEL_SHM_EXCEPTIONS_N - 1].type_len, 0);
    exc.line = 7;
    count(&exc);
    assert_int_equal(count_of(6), 2);
}

static void the_table_outlives_its_workers(void **state)
{
    struct pel_exception exc = fixture_exception();
    struct pel_shm_exception_last last;

    count(&exc);
    atomic_fetch_add(&slot->exceptions.items[0].version, 1); /* died while it wrote */
    assert_false(pel_exception_last(&slot->exceptions.items[0], &last));
    pel_probes_stop(ps);
    start();
    count(&exc);
    assert_int_equal(count_of(0), 2);
    assert_true(pel_exception_last(&slot->exceptions.items[0], &last));
}

#define exception_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        exception_test(each_type_and_place_has_an_entry),
        exception_test(the_last_one_is_there_whole),
        exception_test(what_is_too_long_keeps_its_end),
        exception_test(what_finds_no_entry_is_counted_in_the_last_one),
        exception_test(the_table_outlives_its_workers),
    };

    return cmocka_run_group_tests_name("exception", tests, NULL, NULL);
}
