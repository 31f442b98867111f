#include "node.h"

#include <stdlib.h>

#include "pellucid/mem.h"

#define STEP 64U /* sizes are multiples of it */
#define SIZES 32U

/* Nodes at rest. */
static struct {
    struct pel_list *heads[SIZES]; /* those of (i + 1) * STEP bytes; chained by next alone */
    struct pel_list mixed;         /* of any size, as they came back */
    size_t bytes;                  /* what they have room for; of mixed, the sum of len */
} kept = {.mixed = {&kept.mixed, &kept.mixed}};

static struct pel_export_node *node_of(struct pel_list *link)
{
    return PEL_CONTAINER_OF(link, struct pel_export_node, link);
}

/* Which list a node of that many bytes belongs to; SIZES or more: none. */
static size_t list_of(size_t len)
{
    return (sizeof(struct pel_export_node) + len - 1) / STEP;
}

static struct pel_export_node *pop_mixed(void)
{
    struct pel_list *link = pel_list_pop(&kept.mixed);

    if (!link)
        return NULL;
    kept.bytes -= node_of(link)->len;
    return node_of(link);
}

static struct pel_export_node *pop(size_t i)
{
    struct pel_list *link = kept.heads[i];

    if (!link)
        return NULL;
    kept.heads[i] = link->next;
    kept.bytes -= (i + 1) * STEP;
    return node_of(link);
}

/* One at rest with that room, or NULL. Most nodes are of one size, so that the next will do. */
static struct pel_export_node *take(size_t i)
{
    struct pel_export_node *node = pop_mixed();

    if (node && list_of(node->len) == i)
        return node;
    pel_export_node_free(node);
    return i < SIZES ? pop(i) : NULL;
}

struct pel_export_node *pel_export_node_new(size_t len)
{
    size_t i = list_of(len);
    struct pel_export_node *node = take(i);

    PEL_ASSERT(len <= UINT32_MAX);
    if (!node)
        node = pel_mem_resize(NULL, i + 1, STEP);
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

void pel_export_nodes_free(struct pel_list *nodes, size_t bytes)
{
    struct pel_list *link;

    if (!pel_list_is_empty(nodes) && kept.bytes + bytes <= PEL_NODES_KEPT_BYTES) {
        pel_list_splice_tail(&kept.mixed, nodes);
        kept.bytes += bytes;
        return;
    }
    while ((link = pel_list_pop(nodes)))
        pel_export_node_free(node_of(link));
}

void pel_export_nodes_fini(void)
{
    struct pel_export_node *node;

    while ((node = pop_mixed()))
        free(node);
    for (size_t i = 0; i < SIZES; i++)
        while ((node = pop(i)))
            free(node);
}
