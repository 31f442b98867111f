#include <stdlib.h>

#include "queue.h"
#include "queue_block.h"

static struct pel_export_node *node_of(struct pel_list *link)
{
    return PEL_CONTAINER_OF(link, struct pel_export_node, link);
}

static struct pel_queue_block *block_of(struct pel_list *link)
{
    return PEL_CONTAINER_OF(link, struct pel_queue_block, link);
}

static void init_lane(struct pel_queue_lane *lane)
{
    pel_list_init(&lane->first);
    pel_list_init(&lane->blocks);
    pel_list_init(&lane->last);
    lane->n_last = 0;
}

void pel_queue_init(struct pel_queue *q, size_t max_bytes, size_t max_plain_bytes)
{
    *q = (struct pel_queue){.max_bytes = max_bytes, .max_plain_bytes = max_plain_bytes};
    init_lane(&q->important);
    init_lane(&q->ordinary);
}

static bool is_empty(const struct pel_queue_lane *lane)
{
    return pel_list_is_empty(&lane->first) && pel_list_is_empty(&lane->blocks) &&
           pel_list_is_empty(&lane->last);
}

static struct pel_queue_block *pop_block(struct pel_queue *q, struct pel_queue_lane *lane)
{
    struct pel_queue_block *block = block_of(pel_list_pop(&lane->blocks));

    q->bytes -= block->len;
    return block;
}

/* The oldest block becomes nodes again, if it is its turn. */
static void unpack(struct pel_queue *q, struct pel_queue_lane *lane)
{
    struct pel_queue_block *block;

    if (!pel_list_is_empty(&lane->first) || pel_list_is_empty(&lane->blocks))
        return;
    block = pop_block(q, lane);
    q->bytes += block->plain_bytes;
    q->plain_bytes += block->plain_bytes;
    pel_queue_block_unpack(block, &lane->first);
}

static void pack(struct pel_queue *q, struct pel_queue_lane *lane)
{
    struct pel_queue_block *block = pel_queue_block_pack(&lane->last, PEL_QUEUE_BLOCK_ITEMS);

    lane->n_last -= block->n;
    q->bytes += block->len - block->plain_bytes;
    q->plain_bytes -= block->plain_bytes;
    pel_list_push_tail(&lane->blocks, &block->link);
}

/* The list of nodes whose turn it is; empty when the lane is, or when a block is next. */
static struct pel_list *next_nodes(struct pel_queue_lane *lane)
{
    if (!pel_list_is_empty(&lane->first) || !pel_list_is_empty(&lane->blocks))
        return &lane->first;
    return &lane->last;
}

static struct pel_export_node *pop(struct pel_queue *q, struct pel_queue_lane *lane)
{
    struct pel_list *nodes = next_nodes(lane);
    struct pel_export_node *node = node_of(pel_list_pop(nodes));

    lane->n_last -= nodes == &lane->last;
    q->n--;
    q->bytes -= node->len;
    q->plain_bytes -= node->len;
    return node;
}

/* Returns how many items that were. */
static size_t drop_oldest(struct pel_queue *q)
{
    struct pel_queue_lane *lane = is_empty(&q->ordinary) ? &q->important : &q->ordinary;
    struct pel_queue_block *block;
    size_t n;

    if (!pel_list_is_empty(next_nodes(lane))) {
        pel_export_node_free(pop(q, lane));
        return 1;
    }
    block = pop_block(q, lane);
    n = block->n;
    q->n -= n;
    free(block);
    return n;
}

void pel_queue_fini(struct pel_queue *q)
{
    while (q->n)
        drop_oldest(q);
}

/* False: only important items are left, and node is none. */
static bool make_room(struct pel_queue *q, const struct pel_export_node *node)
{
    while (q->n && q->bytes + node->len > q->max_bytes) {
        if (!node->is_important && is_empty(&q->ordinary))
            return false;
        q->n_dropped += drop_oldest(q);
    }
    return true;
}

void pel_queue_push(struct pel_queue *q, struct pel_export_node *node)
{
    struct pel_queue_lane *lane = node->is_important ? &q->important : &q->ordinary;

    if (!make_room(q, node)) {
        q->n_dropped++;
        pel_export_node_free(node);
        return;
    }
    pel_list_push_tail(&lane->last, &node->link);
    lane->n_last++;
    q->n++;
    q->bytes += node->len;
    q->plain_bytes += node->len;
    if (q->plain_bytes > q->max_plain_bytes && lane->n_last >= PEL_QUEUE_BLOCK_ITEMS)
        pack(q, lane);
}

static size_t take_from(struct pel_queue *q, struct pel_queue_lane *lane, struct pel_list *out,
                        size_t max_n, size_t max_bytes, size_t *bytes)
{
    size_t n = 0;

    while (n < max_n && !is_empty(lane)) {
        struct pel_export_node *node;

        unpack(q, lane);
        node = node_of(next_nodes(lane)->next);
        if (*bytes && *bytes + node->len > max_bytes)
            break;
        pop(q, lane);
        pel_list_push_tail(out, &node->link);
        *bytes += node->len;
        n++;
    }
    return n;
}

size_t pel_queue_take(struct pel_queue *q, struct pel_list *out, size_t max_n, size_t max_bytes,
                      size_t *bytes)
{
    size_t n;

    *bytes = 0;
    n = take_from(q, &q->important, out, max_n, max_bytes, bytes);
    return n + take_from(q, &q->ordinary, out, max_n - n, max_bytes, bytes);
}

static uint64_t oldest_of(const struct pel_queue_lane *lane)
{
    if (!pel_list_is_empty(&lane->first))
        return node_of(lane->first.next)->made_ns;
    if (!pel_list_is_empty(&lane->blocks))
        return block_of(lane->blocks.next)->oldest_ns;
    return pel_list_is_empty(&lane->last) ? UINT64_MAX : node_of(lane->last.next)->made_ns;
}

uint64_t pel_queue_oldest_ns(const struct pel_queue *q)
{
    uint64_t important_ns = oldest_of(&q->important), ordinary_ns = oldest_of(&q->ordinary);

    if (q->n == 0)
        return 0;
    return important_ns < ordinary_ns ? important_ns : ordinary_ns;
}
