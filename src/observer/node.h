/*
 * node - an encoded span or log record on its way out.
 *
 * On one list at most, whose owner owns it. One thread, that of the observer's loop: nodes that are
 * freed are kept for the next ones, up to PEL_NODES_KEPT_BYTES, since they come and go by the
 * thousand and malloc takes as long as encoding.
 */
#ifndef PELLUCID_OBSERVER_NODE_H
#define PELLUCID_OBSERVER_NODE_H

#include "pellucid/base.h"
#include "pellucid/list.h"

#define PEL_NODES_KEPT_BYTES (2U << 20)

struct pel_export_node {
    struct pel_list link;
    uint64_t made_ns;        /* monotonic: when it was handed to the exporter */
    uint8_t instance_id[16]; /* of the worker */
    int32_t pid;
    bool is_important; /* a slow or failed request, an error */
    uint32_t len;
    char bytes[];
};

/* With room for len bytes and nothing but its length in it. */
struct pel_export_node *pel_export_node_new(size_t len);
void pel_export_node_free(struct pel_export_node *node); /* or NULL */

/* Frees all nodes on the list, which have that many bytes together; touches none of them if it can:
 * they have long left the caches. */
void pel_export_nodes_free(struct pel_list *nodes, size_t bytes);

/* Frees the nodes that are kept. */
void pel_export_nodes_fini(void);

#endif
