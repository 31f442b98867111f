#include "node.h"

#include <stdlib.h>

#include "pellucid/mem.h"

#define STEP 64U /* sizes are multiples of it */
#define SIZES 32U

/* Nodes at rest, by size: those of (i + 1) * STEP bytes in lists[i]. */
static struct {
    struct pel_list *heads[SIZES]; /* chained by next alone */
    size_t bytes;
} kept;

static struct pel_export_node *node_of(struct pel_list *link)
{
    return PEL_CONTAINER_OF(link, struct pel_export_node, link);
}

/* Which list a node of that many bytes belongs to; SIZES or more: none. */
static size_t list_of(size_t len)
{
    return (sizeof(struct pel_export_node) + len - 1) / STEP;
}

struct pel_export_node *pel_export_node_new(size_t len)
{
    size_t i = list_of(len);
    struct pel_export_node *node;

    PEL_ASSERT(len <= UINT32_MAX);
    if (i < SIZES && kept.heads[i]) {
        node = node_of(kept.heads[i]);
        kept.heads[i] = node->link.next;
        kept.bytes -= (i + 1) * STEP;
    } else {
        node = pel_mem_resize(NULL, i + 1, STEP);
    }
    *node = (struct pel_export_node){.len = (uint32_t)len};
    pel_list_init(&node->link);
    return node;
}

void pel_export_node_free(struct pel_export_node *node)
{
    size_t i = node ? list_of(node->len) : SIZES;

    if (i >= SIZES || kept.bytes + (i + 1) * STEP > PEL_NODES_KEPT_BYTES) {
        free(node);
        return;
    }
    node->link.next = kept.heads[i];
    kept.heads[i] = &node->link;
    kept.bytes += (i + 1) * STEP;
}

void pel_export_nodes_fini(void)
{
    for (size_t i = 0; i < SIZES; i++) {
        while (kept.heads[i]) {
            struct pel_export_node *node = node_of(kept.heads[i]);

            kept.heads[i] = node->link.next;
            free(node);
        }
    }
    kept.bytes = 0;
}
