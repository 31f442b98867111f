#include <stdlib.h>
#include <zlib.h>

#include "pellucid/buf.h"
#include "pellucid/mem.h"
#include "queue_block.h"

static struct pel_export_node *node_of(struct pel_list *link)
{
    return PEL_CONTAINER_OF(link, struct pel_export_node, link);
}

struct pel_queue_block *pel_queue_block_pack(struct pel_list *nodes, size_t n)
{
    struct pel_queue_block head = {.n = n, .oldest_ns = node_of(nodes->next)->made_ns}, *block;
    struct pel_buf plain;
    uLongf len;
    int rc;

    pel_buf_init(&plain);
    for (size_t i = 0; i < n; i++) {
        struct pel_export_node *node = node_of(pel_list_pop(nodes));

        head.plain_bytes += node->len;
        pel_buf_add(&plain, (const char *)node, sizeof(*node) + node->len);
        free(node);
    }
    head.unpacked_len = plain.len;
    len = compressBound(plain.len);
    block = pel_mem_new(1, sizeof(*block) + len);
    rc = compress2((Bytef *)block->bytes, &len, (const Bytef *)plain.p, plain.len, Z_BEST_SPEED);
    PEL_ASSERT(rc == Z_OK);
    pel_buf_fini(&plain);
    head.len = len;
    memcpy(block, &head, sizeof(head));
    block = pel_mem_resize(block, 1, sizeof(*block) + len);
    pel_list_init(&block->link);
    return block;
}

void pel_queue_block_unpack(struct pel_queue_block *block, struct pel_list *nodes)
{
    char *plain = pel_mem_new(1, block->unpacked_len);
    uLongf len = block->unpacked_len;
    int rc = uncompress((Bytef *)plain, &len, (const Bytef *)block->bytes, block->len);

    PEL_ASSERT(rc == Z_OK && len == block->unpacked_len);
    for (size_t i = 0, at = 0; i < block->n; i++) {
        struct pel_export_node head, *node;

        memcpy(&head, plain + at, sizeof(head));
        node = pel_mem_new(1, sizeof(*node) + head.len);
        memcpy(node, plain + at, sizeof(*node) + head.len);
        pel_list_init(&node->link);
        pel_list_push_tail(nodes, &node->link);
        at += sizeof(*node) + head.len;
    }
    free(plain);
    free(block);
}
