#include "../check.h"
#include "pellucid/mem.h"
#include "worker/conn.h"
#include "worker/h1.h"

#define US PEL_NS_PER_US
#define N 40

/* --- in the place of connections: what was asked of them, in order --- */

static char said[2 * PEL_WAVE_FOUND_MAX + 3];
static struct pel_loop *loop;
static struct pel_conn conns[N];
static struct pel_h1 h1s[N];

static void say(char what, const struct pel_conn *c)
{
    size_t len = strlen(said);

    assert_true(len + 2 < sizeof(said));
    said[len] = what;
    said[len + 1] = (char)('A' + (c - conns));
}

void pel_conn_take(struct pel_conn *c, const char *p, size_t len)
{
    assert_false(c->has_arrived);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(p[i], 'A' + (c - conns));
    say('t', c);
}

/* A message of one byte. */
void pel_conn_read(struct pel_conn *c)
{
    assert_true(pel_list_is_empty(&c->late));
    memset(pel_wave_room(loop), 'A' + (int)(c - conns), 1);
    pel_wave_arrive(c, 1);
    say('r', c);
}

void pel_h1_send_kept(struct pel_h1 *h1)
{
    h1->is_kept = false;
    say('s', h1->conn);
}

void pel_conn_conclude(struct pel_conn *c)
{
    say('c', c);
}

static int setup(void **state)
{
    loop = pel_mem_new(1, sizeof(*loop));
    pel_wave_init(&loop->wave);
    memset(said, 0, sizeof(said));
    for (size_t i = 0; i < N; i++) {
        conns[i] = (struct pel_conn){.loop = loop, .h1 = &h1s[i]};
        h1s[i] = (struct pel_h1){.conn = &conns[i]};
        pel_list_init(&h1s[i].rq.ready);
        pel_list_init(&conns[i].late);
    }
    return 0;
}

static int teardown(void **state)
{
    free(loop);
    return 0;
}

/* --- reading --- */

static void arrive(size_t i, size_t len)
{
    memset(pel_wave_room(loop), 'A' + (int)i, len);
    pel_wave_arrive(&conns[i], len);
}

static void what_was_read_is_parsed_in_order(void **state)
{
    arrive(0, 100);
    arrive(2, 1);
    arrive(1, 3000);
    assert_true(conns[1].has_arrived);
    assert_string_equal(said, "");
    pel_wave_parse(loop);
    assert_string_equal(said, "tAtCtB");
    pel_wave_parse(loop);
    assert_string_equal(said, "tAtCtB");
}

static void there_is_always_room_for_a_whole_read(void **state)
{
    for (size_t i = 0; i < N; i++) {
        char *p = pel_wave_room(loop);

        assert_true(p + PEL_READ_LEN <= loop->wave.buf + sizeof(loop->wave.buf));
        memset(p, 'A' + (int)i, PEL_READ_LEN);
        pel_wave_arrive(&conns[i], PEL_READ_LEN);
    }
    pel_wave_parse(loop);
    assert_int_equal(strlen(said), 2 * N);
}

static void so_many_arrivals_at_most(void **state)
{
    for (size_t i = 0; i < PEL_WAVE_FOUND_MAX; i++)
        arrive(0, 1);
    assert_string_equal(said, "");
    pel_wave_room(loop);
    assert_int_equal(strlen(said), 2 * PEL_WAVE_FOUND_MAX);
    assert_int_equal(loop->wave.n_arrivals, 0);
}

/* What the poll does with a readable socket. */
static void tell(size_t i)
{
    if (pel_wave_has_place(&conns[i]))
        pel_conn_read(&conns[i]);
}

static void who_finds_no_place_comes_before_later_ones(void **state)
{
    loop->n_fresh = PEL_WAVE_FOUND_MAX - 2;
    for (size_t i = 0; i < 5; i++)
        tell(i);
    assert_string_equal(said, "rArB");
    tell(2); /* again, which changes nothing */
    pel_wave_parse(loop);
    memset(said, 0, sizeof(said));

    loop->n_fresh = PEL_WAVE_FOUND_MAX - 2;
    pel_wave_read_late(loop);
    tell(0); /* served before, and readable again */
    tell(1);
    tell(4);
    assert_string_equal(said, "rCrD");
    pel_wave_parse(loop);
    memset(said, 0, sizeof(said));

    loop->n_fresh = 0;
    pel_wave_read_late(loop);
    assert_string_equal(said, "rErArB");
    tell(3);
    assert_string_equal(said, "rErArBrD");
}

static void who_has_left_is_not_read(void **state)
{
    loop->n_fresh = PEL_WAVE_FOUND_MAX;
    tell(0);
    tell(1);
    tell(2);
    pel_list_remove(&conns[1].late); /* as pel_conn_close does */
    loop->n_fresh = 0;
    pel_wave_read_late(loop);
    assert_string_equal(said, "rArC");
}

/* --- sending --- */

static void answer_as(bool is_kept, uint64_t app_ns)
{
    struct pel_h1 h1 = {.conn = &conns[0], .is_kept = is_kept};

    h1.rq.rec.stamp_ns[PEL_STAMP_APP_START] = 1000 * US;
    h1.rq.rec.stamp_ns[PEL_STAMP_APP_END] = 1000 * US + app_ns;
    if (pel_wave_note(&h1))
        pel_wave_send(loop);
}

static void answer(uint64_t app_ns)
{
    answer_as(true, app_ns);
}

static void learn(unsigned n)
{
    while (n--)
        answer(US);
}

static bool may_be_kept(size_t i)
{
    pel_wave_admit(&h1s[i]);
    return h1s[i].may_be_kept;
}

static void keep(size_t i)
{
    h1s[i].is_kept = true;
    pel_wave_keep(&h1s[i]);
}

static void nothing_is_kept_before_the_app_was_seen_to_be_quick(void **state)
{
    loop->n_ready = 1;
    learn(31);
    assert_false(may_be_kept(0));
    learn(1);
    assert_true(may_be_kept(0));
}

static void nothing_is_kept_when_nobody_waits(void **state)
{
    learn(64);
    assert_false(may_be_kept(0));
    loop->n_ready = 1;
    assert_true(may_be_kept(0));
    keep(0);
    loop->n_ready = 0;
    assert_true(may_be_kept(1)); /* the last of those that waited */
}

static void all_are_sent_before_any_is_finished(void **state)
{
    keep(1);
    keep(0);
    keep(2);
    assert_string_equal(said, "");
    pel_wave_send(loop);
    assert_string_equal(said, "sBsAsCcBcAcC");
    pel_wave_send(loop);
    assert_string_equal(said, "sBsAsCcBcAcC");
    assert_int_equal(loop->wave.n_kept, 0);
}

static void so_many_are_kept_at_most(void **state)
{
    for (size_t i = 0; i < PEL_WAVE_MAX - 1; i++)
        keep(i);
    assert_string_equal(said, "");
    keep(PEL_WAVE_MAX - 1);
    assert_int_equal(strlen(said), 4 * PEL_WAVE_MAX);
}

static void a_slow_app_sends_what_is_kept(void **state)
{
    learn(PEL_WAVE_TRUST_MAX + 9);
    keep(0);
    answer(PEL_WAVE_QUICK_NS + US);
    assert_string_equal(said, "sAcA");
    loop->n_ready = 1;
    for (int n = PEL_WAVE_TRUST_MAX - PEL_WAVE_FINE; n >= PEL_WAVE_TRUST; n -= PEL_WAVE_FINE) {
        assert_true(may_be_kept(1)); /* some are forgiven */
        answer(PEL_WAVE_QUICK_NS + US);
    }
    assert_false(may_be_kept(1));
}

static void the_slower_the_longer_it_is_remembered(void **state)
{
    loop->n_ready = 1;
    answer(100 * PEL_WAVE_QUICK_NS);
    learn(100 * PEL_WAVE_FINE + PEL_WAVE_TRUST - 1);
    assert_false(may_be_kept(0));
    learn(1);
    assert_true(may_be_kept(0));
    answer(3600 * PEL_NS_PER_SEC);
    answer(3600 * PEL_NS_PER_SEC);
    learn(PEL_WAVE_DEBT_MAX + PEL_WAVE_TRUST - 1);
    assert_false(may_be_kept(0));
    learn(1);
    assert_true(may_be_kept(0));
}

static void who_has_sent_itself_may_take_twice_that(void **state)
{
    loop->n_ready = 1;
    for (int i = 0; i < PEL_WAVE_TRUST; i++)
        answer_as(false, 2 * PEL_WAVE_QUICK_NS);
    assert_true(may_be_kept(0));
    answer_as(false, 2 * PEL_WAVE_QUICK_NS + US);
    assert_false(may_be_kept(0));
}

static void requests_that_no_app_had_tell_nothing(void **state)
{
    const struct pel_h1 refused = {.conn = &conns[0]};

    loop->n_ready = 1;
    for (int i = 0; i < 100; i++)
        assert_false(pel_wave_note(&refused));
    assert_false(may_be_kept(0));
}

static void what_is_finished_may_keep_the_next(void **state)
{
    keep(0);
    pel_wave_send(loop);
    keep(0);
    pel_wave_distrust(loop);
    assert_string_equal(said, "sAcAsAcA");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_read_is_parsed_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(there_is_always_room_for_a_whole_read, setup, teardown),
        cmocka_unit_test_setup_teardown(so_many_arrivals_at_most, setup, teardown),
        cmocka_unit_test_setup_teardown(who_finds_no_place_comes_before_later_ones, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(who_has_left_is_not_read, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_is_kept_before_the_app_was_seen_to_be_quick, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(nothing_is_kept_when_nobody_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(all_are_sent_before_any_is_finished, setup, teardown),
        cmocka_unit_test_setup_teardown(so_many_are_kept_at_most, setup, teardown),
        cmocka_unit_test_setup_teardown(a_slow_app_sends_what_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(the_slower_the_longer_it_is_remembered, setup, teardown),
        cmocka_unit_test_setup_teardown(who_has_sent_itself_may_take_twice_that, setup, teardown),
        cmocka_unit_test_setup_teardown(requests_that_no_app_had_tell_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_finished_may_keep_the_next, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
