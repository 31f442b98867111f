#include <unistd.h>

#include "pellucid/ring.h"

#define MASK (PEL_SHM_RING_LEN - 1)
#define FILLING_LEN (PEL_SHM_RING_LEN / 4)

_Static_assert((PEL_SHM_RING_LEN & MASK) == 0, "positions are taken modulo the length");
_Static_assert(PEL_RING_ENTRY_MAX <= PEL_SHM_RING_LEN / 4, "an entry and its padding always fit");

static struct pel_ring_entry *entry_at(struct pel_shm_ring *ring, uint64_t pos)
{
    return (struct pel_ring_entry *)(void *)(ring->data + (pos & MASK));
}

struct pel_ring_entry *pel_ring_reserve(struct pel_shm_ring *ring, size_t len, uint32_t type,
                                        bool is_important)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    size_t limit = PEL_SHM_RING_LEN - (is_important ? 0 : PEL_RING_RESERVE_LEN);
    size_t to_end = PEL_SHM_RING_LEN - (head & MASK);
    size_t pad;
    struct pel_ring_entry *e;

    len = (len + 7) & ~(size_t)7;
    PEL_ASSERT(len >= sizeof(*e) && len <= PEL_RING_ENTRY_MAX);
    pad = to_end < len ? to_end : 0;
    if (PEL_UNLIKELY((head | tail) & 7)) {
        /* Another worker of the slot went wrong. The consumer finds nonsense, and empties the ring.
         */
        atomic_store_explicit(&ring->head, (head + 7) & ~(uint64_t)7, memory_order_release);
        return NULL;
    }
    if (head - tail > PEL_SHM_RING_LEN || head - tail + pad + len > limit)
        return NULL;
    if (pad) {
        *entry_at(ring, head) = (struct pel_ring_entry){(uint32_t)pad, PEL_RING_PAD};
        head += pad;
        atomic_store_explicit(&ring->head, head, memory_order_release);
    }
    e = entry_at(ring, head);
    *e = (struct pel_ring_entry){(uint32_t)len, type};
    return e;
}

void pel_ring_commit(struct pel_shm_ring *ring, const struct pel_ring_entry *entry)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

    /* Sequentially consistent, as the observer's store of observer_sleeps and its last look at head
     * are: of "it has gone to sleep" and "there is something" one side sees the other's. */
    atomic_store_explicit(&ring->head, head + entry->len, memory_order_seq_cst);
}

size_t pel_ring_used(const struct pel_shm_ring *ring)
{
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_seq_cst);

    return (size_t)(head - tail);
}

/* Copies the entry at the tail; its length is believed only after it has been checked. */
static int copy_entry(struct pel_shm_ring *ring, uint64_t tail, uint64_t n_waiting,
                      struct pel_ring_entry *out)
{
    uint64_t to_end = PEL_SHM_RING_LEN - (tail & MASK);
    struct pel_ring_entry head;

    if (n_waiting > PEL_SHM_RING_LEN || (n_waiting & 7) || (tail & 7))
        return -1;
    head = *entry_at(ring, tail);
    if (head.len < sizeof(head) || (head.len & 7) || head.len > n_waiting || head.len > to_end ||
        head.len > PEL_RING_ENTRY_MAX)
        return -1;
    if (head.type != PEL_RING_PAD)
        memcpy(out, entry_at(ring, tail), head.len);
    *out = head;
    return 0;
}

int pel_ring_read(struct pel_shm_ring *ring, struct pel_ring_entry *out)
{
    for (;;) {
        uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
        uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);

        if (head == tail)
            return 0;
        if (copy_entry(ring, tail, head - tail, out) < 0) {
            atomic_store_explicit(&ring->tail, head, memory_order_release);
            return -1;
        }
        atomic_store_explicit(&ring->tail, tail + out->len, memory_order_release);
        if (out->type != PEL_RING_PAD)
            return 1;
    }
}

static bool wants_poke(struct pel_shm_header *header, const struct pel_shm_ring *ring)
{
    uint32_t sleep = atomic_load_explicit(&header->observer_sleeps, memory_order_seq_cst);

    if (PEL_LIKELY(sleep == PEL_OBSERVER_AWAKE))
        return false;
    if (sleep == PEL_OBSERVER_NAPPING && pel_ring_used(ring) < FILLING_LEN)
        return false;
    return atomic_exchange_explicit(&header->observer_sleeps, PEL_OBSERVER_AWAKE,
                                    memory_order_acq_rel) != PEL_OBSERVER_AWAKE;
}

void pel_ring_poke(const struct pel_shm *shm, const struct pel_shm_ring *ring)
{
    if (wants_poke(shm->header, ring) && write(shm->event_fd, &(uint64_t){1}, sizeof(uint64_t)) < 0)
        return; /* EAGAIN: the counter is not zero, so the observer is poked already */
}
