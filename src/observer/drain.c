#include <stdlib.h>
#include <unistd.h>

#include "drain.h"
#include "pellucid/log.h"
#include "pellucid/mem.h"
#include "pellucid/time.h"

static void set_sleep(struct pel_drain *d, enum pel_observer_sleep sleep)
{
    atomic_store_explicit(&d->shm->header->observer_sleeps, sleep, memory_order_seq_cst);
}

/* Hands the entry in d->room on; false when it is not sound. */
static bool take_entry(struct pel_drain *d, unsigned slot, size_t *n)
{
    const struct pel_span_entry *span = (const struct pel_span_entry *)(void *)d->room;
    const struct pel_child_entry *child = (const struct pel_child_entry *)(void *)d->room;
    const struct pel_logline_entry *line = (const struct pel_logline_entry *)(void *)d->room;

    switch (d->room->type) {
    case PEL_RING_SPAN:
        if (!pel_span_is_valid(span))
            return false;
        d->on_span(d, slot, span);
        break;
    case PEL_RING_CHILD:
        if (!pel_child_is_valid(child))
            return false;
        d->on_child(d, child);
        break;
    case PEL_RING_LOGLINE:
        if (!pel_logline_is_valid(line))
            return false;
        d->on_logline(d, line);
        break;
    default:
        return true;
    }
    ++*n;
    return true;
}

static void note_nonsense(struct pel_drain *d, const struct pel_shm_ring *ring, unsigned slot)
{
    if (!d->has_warned && ring == &d->shm->header->ring)
        pel_log(PEL_LOG_RING_UNREADABLE, "there is nonsense in the supervisor's ring");
    else if (!d->has_warned)
        pel_log(PEL_LOG_RING_UNREADABLE, "worker %u wrote nonsense into its ring", slot);
    d->has_warned = true;
    atomic_fetch_add_explicit(&d->shm->header->exports[PEL_EXPORT_ENTRIES_UNREADABLE], 1,
                              memory_order_relaxed);
}

/* slot: of the worker that writes to it; of the supervisor's ring without meaning. */
static void read_ring(struct pel_drain *d, struct pel_shm_ring *ring, unsigned slot, size_t *n)
{
    int got;

    /* No more than was there: a busy worker must not keep the observer in here. */
    for (size_t left = pel_ring_used(ring); left > 0;) {
        got = pel_ring_read(ring, d->room);
        if (got < 0 || (got > 0 && !take_entry(d, slot, n)))
            note_nonsense(d, ring, slot);
        if (got <= 0)
            return;
        left -= left < d->room->len ? left : d->room->len;
    }
}

/* How full a worker's ring is, before it is read. */
static void note_fill(struct pel_shm_slot *slot)
{
    uint64_t used = pel_ring_used(&slot->ring);

    if (used <= PEL_SHM_RING_LEN &&
        used > atomic_load_explicit(&slot->ring_peak, memory_order_relaxed))
        atomic_store_explicit(&slot->ring_peak, used, memory_order_relaxed);
}

size_t pel_drain_turn(struct pel_drain *d)
{
    size_t n = 0;

    d->now_ns = pel_now_ns();
    d->wall_offset_ns = pel_wall_ns() - d->now_ns;
    for (unsigned i = 0; i < d->shm->n_slots; i++) {
        struct pel_shm_slot *slot = pel_shm_slot(d->shm, i);

        if (!pel_shm_slot_is_used(slot))
            continue;
        note_fill(slot);
        read_ring(d, &slot->ring, i, &n);
    }
    read_ring(d, &d->shm->header->ring, 0, &n);
    if (n)
        d->on_turn(d);
    return n;
}

static bool has_entries(const struct pel_drain *d)
{
    for (unsigned i = 0; i < d->shm->n_slots; i++) {
        const struct pel_shm_slot *slot = pel_shm_slot(d->shm, i);

        if (pel_shm_slot_is_used(slot) && pel_ring_used(&slot->ring))
            return true;
    }
    return pel_ring_used(&d->shm->header->ring) > 0;
}

static void on_timer(uv_timer_t *timer)
{
    struct pel_drain *d = timer->data;

    set_sleep(d, PEL_OBSERVER_AWAKE);
    if (pel_drain_turn(d)) {
        set_sleep(d, PEL_OBSERVER_NAPPING);
        uv_timer_start(&d->timer, on_timer, PEL_DRAIN_MS, 0);
        return;
    }
    set_sleep(d, PEL_OBSERVER_ASLEEP);
    /* What came between the turn and the store may not have seen that we sleep. */
    if (has_entries(d))
        uv_timer_start(&d->timer, on_timer, 0, 0);
}

static void on_poke(uv_poll_t *poke, int status, int events)
{
    struct pel_drain *d = poke->data;
    bool was_asleep = !uv_is_active((const uv_handle_t *)&d->timer);
    uint64_t n;

    if (read(d->shm->event_fd, &n, sizeof(n)) < 0)
        return;
    uv_timer_start(&d->timer, on_timer, was_asleep ? PEL_DRAIN_FIRST_MS : 0, 0);
}

void pel_drain_start(struct pel_drain *d, uv_loop_t *loop, struct pel_shm *shm)
{
    d->shm = shm;
    d->room = pel_mem_new(1, PEL_RING_ENTRY_MAX);
    uv_timer_init(loop, &d->timer);
    uv_poll_init(loop, &d->poke, shm->event_fd);
    d->timer.data = d->poke.data = d;
    uv_poll_start(&d->poke, UV_READABLE, on_poke);
    uv_timer_start(&d->timer, on_timer, 0, 0);
}

void pel_drain_stop(struct pel_drain *d)
{
    set_sleep(d, PEL_OBSERVER_AWAKE);
    uv_close((uv_handle_t *)&d->timer, NULL);
    uv_close((uv_handle_t *)&d->poke, NULL);
    free(d->room);
    d->room = NULL;
}
