#include <stdlib.h>

#include "gzip.h"
#include "pellucid/mem.h"
#include "queue_block.h"

static struct pel_export_node *node_of(struct pel_list *link)
{
    return PEL_CONTAINER_OF(link, struct pel_export_node, link);
}

struct pel_queue_block *pel_queue_block_pack(struct pel_list *nodes, size_t n)
{
    struct pel_queue_block head = {.n = n, .oldest_ns = node_of(nodes->next)->made_ns}, *block;
    struct pel_buf plain, packed;

    pel_buf_init(&plain);
    pel_buf_init(&packed);
    for (size_t i = 0; i < n; i++) {
        struct pel_export_node *node = node_of(pel_list_pop(nodes));

        head.plain_bytes += node->len;
        pel_buf_add(&plain, (const char *)node, sizeof(*node) + node->len);
        pel_export_node_free(node);
    }
    pel_gzip(&packed, pel_str(plain.p, plain.len));
    head.unpacked_len = plain.len;
    head.len = packed.len;
    block = pel_mem_new(1, sizeof(*block) + packed.len);
    memcpy(block, &head, sizeof(head));
    memcpy(block->bytes, packed.p, packed.len);
    pel_list_init(&block->link);
    pel_buf_fini(&plain);
    pel_buf_fini(&packed);
    return block;
}

void pel_queue_block_unpack(struct pel_queue_block *block, struct pel_list *nodes)
{
    char *plain = pel_mem_new(1, block->unpacked_len);
    bool is_whole = pel_gunzip(plain, block->unpacked_len, pel_str(block->bytes, block->len));

    PEL_ASSERT(is_whole);
    for (size_t i = 0, at = 0; i < block->n; i++) {
        struct pel_export_node head, *node;

        memcpy(&head, plain + at, sizeof(head));
        node = pel_export_node_new(head.len);
        memcpy(node, plain + at, sizeof(*node) + head.len);
        pel_list_init(&node->link);
        pel_list_push_tail(nodes, &node->link);
        at += sizeof(*node) + head.len;
    }
    free(plain);
    free(block);
}
