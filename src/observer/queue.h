/*
 * queue - encoded spans that wait to be exported, bounded by bytes.
 *
 * Owner: the exporter. When it is full the oldest ordinary span makes room, and an important one
 * (slow, failed) only when there are no others.
 */
#ifndef PELLUCID_OBSERVER_QUEUE_H
#define PELLUCID_OBSERVER_QUEUE_H

#include "encode.h"

struct pel_queue {
    struct pel_list important, ordinary; /* oldest first */
    size_t n, bytes, max_bytes;
    uint64_t n_dropped; /* since the owner last took the number */
};

void pel_queue_init(struct pel_queue *q, size_t max_bytes);
void pel_queue_fini(struct pel_queue *q); /* frees what is left */

/* Takes node over. */
void pel_queue_push(struct pel_queue *q, struct pel_span_node *node);

/* Moves up to max_n spans of up to max_bytes together (one at least) to the end of out: important
 * ones first, then the oldest. Returns how many; *bytes is their length. */
size_t pel_queue_take(struct pel_queue *q, struct pel_list *out, size_t max_n, size_t max_bytes,
                      size_t *bytes);

/* When the oldest span was made; 0 when the queue is empty. */
uint64_t pel_queue_oldest_ns(const struct pel_queue *q);

#endif
