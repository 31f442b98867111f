#include "observer/held.h"
#include "span.h"

#define MINUTE PEL_SLOWEST_MINUTE_NS

static struct {
    size_t n, n_ends;
    bool has_other;
} out;

static void take(struct pel_held *h, struct pel_export_node *node)
{
    if (!node) {
        out.n_ends++;
        return;
    }
    out.n++;
    out.has_other |= memmem(node->bytes, node->len, "GET /other", 10) != NULL;
    assert_non_null(memmem(node->bytes, node->len, "slowest", 7));
    pel_export_node_free(node);
}

static struct pel_held *held_new(uv_loop_t *loop)
{
    struct pel_held *h = calloc(1, sizeof(*h));

    memset(&out, 0, sizeof(out));
    h->on_done = take;
    uv_loop_init(loop);
    pel_held_start(h, loop);
    return h;
}

static void held_free(struct pel_held *h, uv_loop_t *loop)
{
    pel_held_stop(h);
    uv_run(loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(loop), 0);
    free(h);
}

static void add(struct pel_held *h, const char *route, uint64_t start_ns, uint64_t ns)
{
    struct pel_record rec = fixture_record(start_ns);
    struct pel_arena scratch;

    pel_arena_init(&scratch);
    rec.route = pel_str(route, strlen(route));
    rec.trace.flags = 0;
    pel_record_stamp(&rec, PEL_STAMP_LAST_BYTE, start_ns + ns);
    pel_held_add(h, span_of(&rec, PEL_SPAN_SLOWEST), 0, 0, &scratch);
    pel_arena_reset(&scratch);
}

/* The first minutes of the machine are over; the timer would tell so if the loop ran. */
static void three_of_a_route_leave_at_the_minutes_end(void **state)
{
    const uint64_t start_ns = 1000;
    uv_loop_t loop;
    struct pel_held *h = held_new(&loop);

    for (uint64_t ns = 1; ns <= 10; ns++)
        add(h, "/a", start_ns, ns * 1000);
    add(h, "/other", start_ns, 1);
    add(h, "/a", start_ns, 1000);
    assert_int_equal(out.n, 0);
    assert_int_equal(h->n, 2);
    for (size_t i = 0; i < PEL_SLOWEST_N; i++)
        assert_int_equal(h->routes[0].slowest[i].duration_ns, 10000 - 1000 * i);
    add(h, "/a", start_ns + MINUTE, 1);
    assert_int_equal(out.n, 4);
    assert_int_equal(out.n_ends, 1);
    assert_true(out.has_other);
    pel_held_flush(h);
    assert_int_equal(out.n, 5);
    assert_int_equal(out.n_ends, 2);
    pel_held_flush(h);
    assert_int_equal(out.n_ends, 2);
    held_free(h, &loop);
}

static void nobody_need_come_for_them_to_leave(void **state)
{
    uv_loop_t loop;
    struct pel_held *h = held_new(&loop);

    add(h, "/a", MINUTE, 5); /* long over */
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(out.n, 1);
    assert_int_equal(h->n, 0);
    held_free(h, &loop);
}

static void routes_are_bounded_and_dropped_at_a_stop(void **state)
{
    uv_loop_t loop;
    struct pel_held *h = held_new(&loop);
    char route[32];

    for (int i = 0; i < PEL_HELD_ROUTES + 10; i++) {
        snprintf(route, sizeof(route), "/r/%d", i);
        add(h, route, 1000, 5);
    }
    assert_int_equal(h->n, PEL_HELD_ROUTES);
    held_free(h, &loop);
    assert_int_equal(out.n, 0);
}

/* A worker may write anything; what others did in later minutes is held all the same. */
static void an_end_in_the_future_is_left_out(void **state)
{
    uv_loop_t loop;
    struct pel_held *h = held_new(&loop);

    add(h, "/a", pel_now_ns() + 1000 * MINUTE, 5);
    assert_int_equal(h->n, 0);
    add(h, "/a", 1000, 5);
    add(h, "/a", 1000 + MINUTE, 5);
    assert_int_equal(out.n, 1);
    held_free(h, &loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_of_a_route_leave_at_the_minutes_end),
        cmocka_unit_test(nobody_need_come_for_them_to_leave),
        cmocka_unit_test(routes_are_bounded_and_dropped_at_a_stop),
        cmocka_unit_test(an_end_in_the_future_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
