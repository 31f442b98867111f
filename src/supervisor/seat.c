#include <stdlib.h>

#include "member.h"
#include "pellucid/log.h"
#include "pellucid/mem.h"
#include "pellucid/time.h"
#include "recycle.h"
#include "report.h"
#include "seat.h"
#include "state.h"

/* When no slot is free, or the template has more to do than it can note. */
#define SPAWN_RETRY_NS (100 * PEL_NS_PER_MS)

static void fill(struct pel_seat *seat)
{
    struct pel_generation *gen = seat->gen;

    if (seat->holder || seat->heir || pel_deadline_is_set(&seat->retry) ||
        gen->state == PEL_GENERATION_RETIRING || !gen->is_template_ready ||
        seat->index >= gen->n_wanted)
        return;
    seat->holder = pel_member_spawn(seat);
    if (!seat->holder)
        pel_deadline_set(&gen->sv->deadlines, &seat->retry, SPAWN_RETRY_NS);
}

static void on_retry(struct pel_deadline *d)
{
    fill(PEL_CONTAINER_OF(d, struct pel_seat, retry));
}

void pel_seats_init(struct pel_generation *gen)
{
    gen->seats = pel_mem_new(gen->sv->n_seats_max, sizeof(*gen->seats));
    for (unsigned i = 0; i < gen->sv->n_seats_max; i++) {
        gen->seats[i] = (struct pel_seat){.gen = gen, .index = i};
        pel_deadline_init(&gen->seats[i].retry, on_retry);
    }
}

void pel_seats_fini(struct pel_generation *gen)
{
    for (unsigned i = 0; i < gen->sv->n_seats_max; i++)
        pel_deadline_cancel(&gen->seats[i].retry);
    free(gen->seats);
    gen->seats = NULL;
}

void pel_seats_fill(struct pel_generation *gen)
{
    for (unsigned i = 0; i < gen->n_wanted; i++)
        fill(&gen->seats[i]);
}

bool pel_seats_are_ready(const struct pel_generation *gen)
{
    for (unsigned i = 0; i < gen->n_wanted; i++)
        if (!gen->seats[i].holder || gen->seats[i].holder->state != PEL_MEMBER_READY)
            return false;
    return true;
}

void pel_seat_taken(struct pel_seat *seat, struct pel_member *m)
{
    struct pel_member *old = seat->holder;

    if (seat->heir != m)
        return;
    seat->heir = NULL;
    seat->holder = m;
    pel_recycle_succeeded(old, m);
}

void pel_seat_vacated(struct pel_seat *seat, unsigned slot, int status, uint64_t lived_ns)
{
    struct pel_supervisor *sv = seat->gen->sv;
    uint64_t now = pel_now_ns(), pause_ns;
    char how[64];

    if (seat->gen->state == PEL_GENERATION_RETIRING || seat->index >= seat->gen->n_wanted)
        return;
    pause_ns = pel_backoff_next(&seat->backoff, now, lived_ns);
    if (pause_ns) {
        pel_status_text(status, how, sizeof(how));
        pel_log(PEL_LOG_WORKER_DIES_OFTEN,
                "worker %u died %u times in %.1f s (%s); next try in %.1f s", slot,
                seat->backoff.deaths, (double)(now - seat->backoff.first_ns) / 1e9, how,
                (double)pause_ns / 1e9);
        pel_deadline_set(&sv->deadlines, &seat->retry, pause_ns);
    }
    fill(seat);
}

void pel_seats_resize(struct pel_generation *gen, unsigned n)
{
    unsigned before = gen->n_wanted;

    gen->n_wanted = n;
    atomic_store_explicit(&gen->sv->shm.header->workers_wanted, n, memory_order_relaxed);
    for (unsigned i = n; i < before; i++) {
        struct pel_seat *seat = &gen->seats[i];

        pel_deadline_cancel(&seat->retry);
        if (seat->heir)
            pel_member_drain(seat->heir, PEL_END_FEWER_WORKERS);
        if (seat->holder)
            pel_member_drain(seat->holder, PEL_END_FEWER_WORKERS);
    }
    pel_seats_fill(gen);
}
