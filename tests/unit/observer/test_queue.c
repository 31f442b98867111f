#include "../probe/fixture.h"

#include "observer/queue.h"
#include "pellucid/mem.h"

static struct pel_span_node *node(uint32_t len, bool is_important, uint64_t made_ns)
{
    struct pel_span_node *n = pel_mem_new(1, sizeof(*n) + len);

    pel_list_init(&n->link);
    n->len = len;
    n->is_important = is_important;
    n->made_ns = made_ns;
    return n;
}

static struct pel_span_node *first(struct pel_list *list)
{
    return PEL_CONTAINER_OF(list->next, struct pel_span_node, link);
}

static void free_list(struct pel_list *list)
{
    struct pel_list *link;

    while ((link = pel_list_pop(list)))
        free(PEL_CONTAINER_OF(link, struct pel_span_node, link));
}

static void full_queue_drops_the_oldest_ordinary_one(void **state)
{
    struct pel_queue q;
    struct pel_list out;
    size_t bytes;

    pel_queue_init(&q, 300);
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
    free(PEL_CONTAINER_OF(pel_list_pop(&out), struct pel_span_node, link));
    assert_int_equal(first(&out)->made_ns, 3);
    free_list(&out);
    assert_int_equal(q.n, 0);
    assert_int_equal(q.bytes, 0);
}

static void important_ones_go_last(void **state)
{
    struct pel_queue q;

    pel_queue_init(&q, 250);
    for (uint64_t i = 1; i <= 4; i++)
        pel_queue_push(&q, node(100, true, i));
    assert_int_equal(q.n, 2);
    assert_int_equal(q.n_dropped, 2);
    assert_int_equal(pel_queue_oldest_ns(&q), 3);
    pel_queue_fini(&q);
    assert_int_equal(pel_queue_oldest_ns(&q), 0);
}

static void batch_is_bounded_twice(void **state)
{
    struct pel_queue q;
    struct pel_list out;
    size_t bytes;

    pel_queue_init(&q, 10000);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_queue_drops_the_oldest_ordinary_one),
        cmocka_unit_test(important_ones_go_last),
        cmocka_unit_test(batch_is_bounded_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
