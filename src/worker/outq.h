/*
 * outq - response bytes that a socket did not take yet, in order: copies, bytes of Python objects,
 * parts of files.
 *
 * Owner: the message (h1.h). Filling needs the GIL when an owner is given (it is referenced);
 * sending needs none: references that end go to the loop's list.
 */
#ifndef PELLUCID_WORKER_OUTQ_H
#define PELLUCID_WORKER_OUTQ_H

#include "pellucid/base.h"

struct pel_loop;
struct pel_outq_item;

struct pel_outq {
    struct pel_outq_item *head, **tail;
    uint64_t len; /* bytes unsent */
};

void pel_outq_init(struct pel_outq *q);
/* Drops everything; loop held. */
void pel_outq_fini(struct pel_outq *q, struct pel_loop *loop);

static inline bool pel_outq_is_empty(const struct pel_outq *q)
{
    return q->len == 0;
}

/* owner NULL: the bytes are copied. */
void pel_outq_add(struct pel_outq *q, struct pel_str bytes, void *owner);
/* fd is duplicated. 0, or -1 with errno. */
int pel_outq_add_file(struct pel_outq *q, int fd, uint64_t offset, uint64_t len);

/* Sends what the socket takes now; references go to the loop. Bytes sent (0: would block), or -1
 * with errno. ENODATA: a file was shorter than promised. */
int64_t pel_outq_send(struct pel_outq *q, int sock, struct pel_loop *loop);

#endif
