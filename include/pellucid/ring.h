/*
 * ring - a queue of byte entries in shared memory, from one process to one other.
 *
 * Producer: the worker of the slot (the supervisor, of the header's ring), one thread at a time.
 * Consumer: the observer. Neither waits for the other; an entry that does not fit is the producer's
 * to count. Entries are whole: one that would cross the end of the ring begins at its start
 * instead, behind a PAD entry. The consumer takes copies and believes nothing (the producer runs
 * foreign code), and moves the tail only when it has them: another consumer may continue there at
 * any time.
 */
#ifndef PELLUCID_RING_H
#define PELLUCID_RING_H

#include "pellucid/shm.h"

enum pel_ring_type { PEL_RING_PAD = 0, PEL_RING_SPAN, PEL_RING_CHILD, PEL_RING_LOGLINE };

/* Every entry begins with this. */
struct pel_ring_entry {
    uint32_t len; /* with this head; a multiple of 8 */
    uint32_t type;
};

#define PEL_RING_ENTRY_MAX (32U << 10)
/* Ordinary entries leave this much to important ones. */
#define PEL_RING_RESERVE_LEN (PEL_SHM_RING_LEN / 4)

/* Producer: room for an entry of len bytes (rounded up to 8; at most PEL_RING_ENTRY_MAX), or NULL
 * when the ring is full. Only the head of it has been filled in; pel_ring_commit shows it. */
struct pel_ring_entry *pel_ring_reserve(struct pel_shm_ring *ring, size_t len, uint32_t type,
                                        bool is_important);
void pel_ring_commit(struct pel_shm_ring *ring, const struct pel_ring_entry *entry);

/* Bytes waiting; either side, a moment's value. */
size_t pel_ring_used(const struct pel_shm_ring *ring);

/* Consumer: copies the next entry to out, which has room for PEL_RING_ENTRY_MAX bytes and is
 * aligned to 8. 1, 0 when the ring is empty, -1 when it held nonsense and was emptied. */
int pel_ring_read(struct pel_shm_ring *ring, struct pel_ring_entry *out);

/* Producer, after commits: wakes the observer if it wants to be told of this ring. */
void pel_ring_poke(const struct pel_shm *shm, const struct pel_shm_ring *ring);

#endif
