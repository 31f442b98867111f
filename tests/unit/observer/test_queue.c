#include "../probe/fixture.h"

#include "observer/queue.h"

static struct pel_export_node *node(uint32_t len, bool is_important, uint64_t made_ns)
{
    struct pel_export_node *n = pel_export_node_new(len);

    memset(n->bytes, 0, len);
    n->is_important = is_important;
    n->made_ns = made_ns;
    return n;
}

static struct pel_export_node *first(struct pel_list *list)
{
    return PEL_CONTAINER_OF(list->next, struct pel_export_node, link);
}

static void free_list(struct pel_list *list)
{
    struct pel_list *link;

    while ((link = pel_list_pop(list)))
        pel_export_node_free(PEL_CONTAINER_OF(link, struct pel_export_node, link));
}

static void full_queue_drops_the_oldest_ordinary_one(void **state)
{
    struct pel_queue q;
    struct pel_list out;
    size_t bytes;

    pel_queue_init(&q, 300, SIZE_MAX);
    pel_list_init(&out);
    pel_queue_push(&q, node(100, true, 1));
    pel_queue_push(&q, node(100, false, 2));
    pel_queue_push(&q, node(100, false, 3));
    assert_int_equal(q.n_dropped, 0);
    pel_queue_push(&q, node(100, false, 4));
    assert_int_equal(q.n_dropped, 1);
    assert_int_equal(pel_queue_oldest_ns(&q), 1);
    assert_int_equal(pel_queue_take(&q, &out, 10, 1000, &bytes), 3);
    assert_int_equal(bytes, 300);
    assert_int_equal(first(&out)->made_ns, 1);
    pel_export_node_free(PEL_CONTAINER_OF(pel_list_pop(&out), struct pel_export_node, link));
    assert_int_equal(first(&out)->made_ns, 3);
    free_list(&out);
    assert_int_equal(q.n, 0);
    assert_int_equal(q.bytes, 0);
}

static void important_ones_go_last(void **state)
{
    struct pel_queue q;

    pel_queue_init(&q, 250, SIZE_MAX);
    for (uint64_t i = 1; i <= 4; i++)
        pel_queue_push(&q, node(100, true, i));
    assert_int_equal(q.n, 2);
    assert_int_equal(q.n_dropped, 2);
    assert_int_equal(pel_queue_oldest_ns(&q), 3);
    pel_queue_fini(&q);
    assert_int_equal(pel_queue_oldest_ns(&q), 0);
}

static void ordinary_one_does_not_drive_out_an_important_one(void **state)
{
    struct pel_queue q;

    pel_queue_init(&q, 250, SIZE_MAX);
    pel_queue_push(&q, node(100, true, 1));
    pel_queue_push(&q, node(100, false, 2));
    pel_queue_push(&q, node(100, true, 3));
    assert_int_equal(q.n_dropped, 1);
    pel_queue_push(&q, node(100, false, 4));
    assert_int_equal(q.n_dropped, 2);
    assert_int_equal(q.n, 2);
    assert_int_equal(pel_queue_oldest_ns(&q), 1);
    pel_queue_fini(&q);
}

static void batch_is_bounded_twice(void **state)
{
    struct pel_queue q;
    struct pel_list out;
    size_t bytes;

    pel_queue_init(&q, 10000, SIZE_MAX);
    pel_list_init(&out);
    for (uint64_t i = 1; i <= 6; i++)
        pel_queue_push(&q, node(100, i % 2, i));
    assert_int_equal(pel_queue_take(&q, &out, 2, 1000, &bytes), 2);
    assert_int_equal(pel_queue_take(&q, &out, 10, 250, &bytes), 2);
    assert_int_equal(bytes, 200);
    assert_int_equal(pel_queue_take(&q, &out, 10, 50, &bytes), 1); /* one at least */
    free_list(&out);
    pel_queue_fini(&q);
}

/* Items that look alike, as spans do, of 600 bytes. */
static struct pel_export_node *span(bool is_important, uint64_t made_ns)
{
    struct pel_export_node *n = node(600, is_important, made_ns);

    memset(n->bytes, 'x', n->len);
    memcpy(n->bytes, &made_ns, sizeof(made_ns));
    return n;
}

static void assert_next(struct pel_list *out, uint64_t made_ns)
{
    struct pel_export_node *n = PEL_CONTAINER_OF(pel_list_pop(out), struct pel_export_node, link);

    assert_int_equal(n->made_ns, made_ns);
    assert_int_equal(n->len, 600);
    assert_memory_equal(n->bytes, &made_ns, sizeof(made_ns));
    assert_int_equal(n->bytes[599], 'x');
    pel_export_node_free(n);
}

static void packed_items_come_back_in_their_order(void **state)
{
    enum { N = 5 * PEL_QUEUE_BLOCK_ITEMS + 17 };
    struct pel_queue q;
    struct pel_list out;
    size_t bytes;

    pel_queue_init(&q, 1U << 20, 100000);
    pel_list_init(&out);
    for (uint64_t i = 1; i <= N; i++)
        pel_queue_push(&q, span(i == N, i));
    assert_int_equal(q.n, N);
    assert_int_equal(q.n_dropped, 0);
    assert_true(q.bytes < N * 600 / 4); /* less than half of a block is plain */
    assert_int_equal(pel_queue_oldest_ns(&q), 1);
    assert_int_equal(pel_queue_take(&q, &out, 1, 1U << 20, &bytes), 1);
    assert_next(&out, N);
    for (uint64_t i = 1; i < N;) {
        size_t n = pel_queue_take(&q, &out, 100, 1U << 20, &bytes);

        assert_true(n == 100 || n == (N - 1) % 100);
        assert_int_equal(bytes, n * 600);
        while (n--)
            assert_next(&out, i++);
    }
    assert_int_equal(q.n + q.bytes + q.plain_bytes, 0);
}

static void full_queue_drops_blocks_and_counts_their_items(void **state)
{
    struct pel_queue q;
    struct pel_list out;
    size_t bytes;

    pel_queue_init(&q, 400000, 1000);
    pel_list_init(&out);
    for (uint64_t i = 1; i <= 100; i++)
        pel_queue_push(&q, span(true, i));
    for (uint64_t i = 101; i <= 100000; i++)
        pel_queue_push(&q, span(false, i));
    assert_true(q.bytes <= 400000);
    assert_true(q.n_dropped >= PEL_QUEUE_BLOCK_ITEMS);
    assert_int_equal(q.n + q.n_dropped, 100000);
    assert_int_equal(pel_queue_oldest_ns(&q), 1);
    assert_int_equal(pel_queue_take(&q, &out, 101, 1U << 20, &bytes), 101);
    for (uint64_t i = 1; i <= 100; i++)
        assert_next(&out, i); /* the important ones are all there */
    assert_next(&out, 101 + q.n_dropped);
    pel_queue_fini(&q);
    assert_int_equal(q.n + q.bytes + q.plain_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_queue_drops_the_oldest_ordinary_one),
        cmocka_unit_test(important_ones_go_last),
        cmocka_unit_test(ordinary_one_does_not_drive_out_an_important_one),
        cmocka_unit_test(batch_is_bounded_twice),
        cmocka_unit_test(packed_items_come_back_in_their_order),
        cmocka_unit_test(full_queue_drops_blocks_and_counts_their_items),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
