/*
 * queue_block - items of a queue, packed: made when many wait, and unpacked when their turn comes.
 *
 * Owner: the queue.
 */
#ifndef PELLUCID_OBSERVER_QUEUE_BLOCK_H
#define PELLUCID_OBSERVER_QUEUE_BLOCK_H

#include "encode.h"

struct pel_queue_block {
    struct pel_list link;
    size_t n;           /* items */
    size_t plain_bytes; /* their encoded length */
    uint64_t oldest_ns;
    size_t unpacked_len, len;
    char bytes[]; /* len of them */
};

/* Packs the first n items of the list, which are freed. Freed with free(). */
struct pel_queue_block *pel_queue_block_pack(struct pel_list *nodes, size_t n);

/* Adds the items to the end of the list, in their order, and frees the block. */
void pel_queue_block_unpack(struct pel_queue_block *block, struct pel_list *nodes);

#endif
