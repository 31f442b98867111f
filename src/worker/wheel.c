#include "pellucid/time.h"
#include "wheel.h"

#define TICK_SHIFT 26 /* 67 ms; the wheel spans 69 s */

struct pel_period pel_period_of_ms(int64_t ms)
{
    struct pel_period p = {(uint64_t)ms * PEL_NS_PER_MS, 0};

    if (ms >= 8000)
        p.mask_ns = (1ULL << 30) - 1;
    else if (ms >= 1000)
        p.mask_ns = (1ULL << 28) - 1;
    else
        p.mask_ns = (1ULL << TICK_SHIFT) - 1;
    return p;
}

static struct pel_list *slot_of(struct pel_wheel *w, uint64_t tick)
{
    return &w->slots[tick % PEL_WHEEL_SLOTS];
}

static uint64_t *word_of(struct pel_wheel *w, uint64_t tick)
{
    return &w->bits[tick % PEL_WHEEL_SLOTS / 64];
}

/* The first tick at whose beginning due_ns has passed. */
static uint64_t tick_of(uint64_t due_ns)
{
    return due_ns == PEL_WHEEL_NEVER ? PEL_WHEEL_NEVER
                                     : (due_ns + (1ULL << TICK_SHIFT) - 1) >> TICK_SHIFT;
}

static bool is_filed(const struct pel_wheel_entry *e)
{
    return !pel_list_is_empty(&e->link);
}

void pel_wheel_init(struct pel_wheel *w, uint64_t now_ns)
{
    memset(w->bits, 0, sizeof(w->bits));
    w->tick = now_ns >> TICK_SHIFT;
    for (size_t i = 0; i < PEL_WHEEL_SLOTS; i++)
        pel_list_init(&w->slots[i]);
}

void pel_wheel_entry_init(struct pel_wheel_entry *e)
{
    pel_list_init(&e->link);
    atomic_init(&e->due_ns, PEL_WHEEL_NEVER);
    e->tick = 0;
}

/* A deadline beyond the wheel's span is filed at its rim and looked at again then. */
static void file(struct pel_wheel *w, struct pel_wheel_entry *e, uint64_t due_ns)
{
    uint64_t tick = tick_of(due_ns);

    if (tick <= w->tick)
        tick = w->tick + 1;
    if (tick >= w->tick + PEL_WHEEL_SLOTS)
        tick = w->tick + PEL_WHEEL_SLOTS - 1;
    e->tick = tick;
    pel_list_push_tail(slot_of(w, tick), &e->link);
    *word_of(w, tick) |= 1ULL << (tick % 64);
}

void pel_wheel_remove(struct pel_wheel *w, struct pel_wheel_entry *e)
{
    if (!is_filed(e))
        return;
    pel_list_remove(&e->link);
    if (pel_list_is_empty(slot_of(w, e->tick)))
        *word_of(w, e->tick) &= ~(1ULL << (e->tick % 64));
}

void pel_wheel_set(struct pel_wheel *w, struct pel_wheel_entry *e, uint64_t due_ns)
{
    atomic_store_explicit(&e->due_ns, due_ns, memory_order_relaxed);
    if (is_filed(e) && e->tick <= tick_of(due_ns))
        return;
    if (due_ns == PEL_WHEEL_NEVER)
        return;
    pel_wheel_remove(w, e);
    file(w, e, due_ns);
}

/* Ticks from w->tick to the next slot that holds something; PEL_WHEEL_SLOTS when none does. */
static uint64_t distance(const struct pel_wheel *w)
{
    uint64_t d = 1;

    while (d < PEL_WHEEL_SLOTS) {
        uint64_t i = (w->tick + d) % PEL_WHEEL_SLOTS;
        uint64_t rest = w->bits[i / 64] >> (i % 64);

        if (rest) {
            d += (uint64_t)__builtin_ctzll(rest);
            break;
        }
        d += 64 - i % 64;
    }
    return d < PEL_WHEEL_SLOTS ? d : PEL_WHEEL_SLOTS;
}

struct pel_wheel_entry *pel_wheel_pop(struct pel_wheel *w, uint64_t now_ns)
{
    uint64_t now_tick = now_ns >> TICK_SHIFT;

    for (;;) {
        struct pel_list *node;
        uint64_t next;

        while ((node = pel_list_pop(slot_of(w, w->tick)))) {
            struct pel_wheel_entry *e = PEL_CONTAINER_OF(node, struct pel_wheel_entry, link);
            uint64_t due_ns = atomic_load_explicit(&e->due_ns, memory_order_relaxed);

            if (due_ns > now_ns) {
                file(w, e, due_ns);
                continue;
            }
            atomic_store_explicit(&e->due_ns, PEL_WHEEL_NEVER, memory_order_relaxed);
            file(w, e, PEL_WHEEL_NEVER);
            return e;
        }
        *word_of(w, w->tick) &= ~(1ULL << (w->tick % 64));
        if (w->tick >= now_tick)
            return NULL;
        next = w->tick + distance(w);
        w->tick = next < now_tick ? next : now_tick;
    }
}

uint64_t pel_wheel_next_ns(const struct pel_wheel *w)
{
    uint64_t d = distance(w);

    return d == PEL_WHEEL_SLOTS ? PEL_WHEEL_NEVER : (w->tick + d) << TICK_SHIFT;
}
