/*
 * queue - encoded items that wait to be exported, bounded by bytes.
 *
 * Owner: the exporter. When it is full the oldest ordinary items make room, and important ones
 * (slow, failed) only for others of their kind when there are no ordinary ones. Beyond
 * max_plain_bytes, which is when the receiver has been away for a while, items are packed into
 * compressed blocks, some ten times smaller.
 */
#ifndef PELLUCID_OBSERVER_QUEUE_H
#define PELLUCID_OBSERVER_QUEUE_H

#include "encode.h"

#define PEL_QUEUE_BLOCK_ITEMS 512

/* Items of one kind, oldest first: those of first, then of the blocks, then of last. */
struct pel_queue_lane {
    struct pel_list first, blocks, last;
    size_t n_last;
};

struct pel_queue {
    struct pel_queue_lane important, ordinary;
    size_t n;
    size_t bytes, max_bytes; /* of encoded items, as they are kept */
    size_t plain_bytes, max_plain_bytes;
    uint64_t n_dropped; /* since the owner last took the number */
};

/* max_plain_bytes: SIZE_MAX packs nothing. */
void pel_queue_init(struct pel_queue *q, size_t max_bytes, size_t max_plain_bytes);
void pel_queue_fini(struct pel_queue *q); /* frees what is left */

/* Takes node over. */
void pel_queue_push(struct pel_queue *q, struct pel_export_node *node);

/* Moves up to max_n items of up to max_bytes together (one at least) to the end of out: important
 * ones first, then the oldest. Returns how many; *bytes is their length. */
size_t pel_queue_take(struct pel_queue *q, struct pel_list *out, size_t max_n, size_t max_bytes,
                      size_t *bytes);

/* When the oldest item was made; 0 when the queue is empty. */
uint64_t pel_queue_oldest_ns(const struct pel_queue *q);

#endif
