#include "../check.h"

#include <malloc.h>

#include "observer/node.h"

enum { N = 10000 };

static void fill(struct pel_export_node **nodes, size_t len)
{
    for (size_t i = 0; i < N; i++) {
        nodes[i] = pel_export_node_new(len);
        memset(nodes[i]->bytes, (int)i, len);
        nodes[i]->pid = (int32_t)i;
        nodes[i]->is_important = true;
    }
}

static void empty(struct pel_export_node **nodes)
{
    for (size_t i = 0; i < N; i++)
        pel_export_node_free(nodes[i]);
}

static void node_begins_empty_whatever_it_was(void **state)
{
    static struct pel_export_node *nodes[N];

    for (size_t len = 0; len < 4000; len += 500) {
        fill(nodes, len);
        for (size_t i = 0; i < N; i++)
            for (size_t at = 0; at < len; at += 400)
                assert_int_equal((unsigned char)nodes[i]->bytes[at], i & 0xff);
        empty(nodes);
        for (size_t i = 0; i < N; i++) {
            nodes[i] = pel_export_node_new(len > 10 ? len - 10 : 0);
            assert_int_equal(nodes[i]->len, len > 10 ? len - 10 : 0);
            assert_true(pel_list_is_empty(&nodes[i]->link));
            assert_int_equal(nodes[i]->pid, 0);
            assert_false(nodes[i]->is_important);
        }
        empty(nodes);
    }
    pel_export_node_free(NULL);
    pel_export_nodes_fini();
}

/* Made one by one, given back as lists of mixed sizes; more of them than are kept. */
static void lists_come_back_whole(void **state)
{
    size_t before = mallinfo2().uordblks;

    for (int round = 0; round < 20; round++) {
        struct pel_list nodes;
        size_t bytes = 0;

        pel_list_init(&nodes);
        for (size_t i = 0; i < 1500; i++) {
            size_t len = i % 7 == (size_t)round % 7 ? 3000 : 500 + i % 3;
            struct pel_export_node *node = pel_export_node_new(len);

            assert_int_equal(node->len, len);
            assert_false(node->is_important);
            memset(node->bytes, round, len);
            node->is_important = true;
            pel_list_push_tail(&nodes, &node->link);
            bytes += len;
        }
        pel_export_nodes_free(&nodes, bytes);
        assert_true(pel_list_is_empty(&nodes));
        pel_export_nodes_free(&nodes, bytes);
    }
    pel_export_nodes_fini();
    assert_true(mallinfo2().uordblks <= before + 200000);
}

/* With the slack of malloc's own caches. Sanitizers report no use of memory: there this only runs.
 */
#define SLACK 200000

static void few_are_kept(void **state)
{
    static struct pel_export_node *nodes[N];
    size_t before = mallinfo2().uordblks;

    fill(nodes, 600);
    empty(nodes);
    assert_true(mallinfo2().uordblks <= before + PEL_NODES_KEPT_BYTES + SLACK);
    pel_export_nodes_fini();
    assert_true(mallinfo2().uordblks <= before + SLACK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(node_begins_empty_whatever_it_was),
        cmocka_unit_test(lists_come_back_whole),
        cmocka_unit_test(few_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
