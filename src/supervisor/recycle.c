#include <stdio.h>

#include "member.h"
#include "pellucid/log.h"
#include "recycle.h"
#include "settle.h"
#include "state.h"

/* After an heir that could not start, before the next attempt. */
#define PAUSE_NS (5 * PEL_NS_PER_SEC)

static void on_pause_over(struct pel_deadline *d)
{
    pel_recycle_next(PEL_CONTAINER_OF(d, struct pel_supervisor, recycle_pause));
}

void pel_recycle_init(struct pel_supervisor *sv)
{
    pel_list_init(&sv->recycle_queue);
    pel_deadline_init(&sv->recycle_pause, on_pause_over);
}

void pel_recycle_wanted(struct pel_member *m, const char *reason)
{
    struct pel_supervisor *sv = m->sv;

    if (m->state != PEL_MEMBER_READY || !m->seat || sv->lease.old == m ||
        !pel_list_is_empty(&m->queue))
        return;
    snprintf(m->reason, sizeof(m->reason), "%s", reason);
    pel_list_push_tail(&sv->recycle_queue, &m->queue);
    pel_recycle_next(sv);
}

static bool may_start(const struct pel_supervisor *sv)
{
    return sv->phase == PEL_PHASE_SERVING && !sv->next && !sv->lease.old && !sv->lease.heir &&
           !pel_deadline_is_set(&sv->recycle_pause) && sv->current->is_template_ready &&
           !pel_list_is_empty(&sv->recycle_queue);
}

void pel_recycle_next(struct pel_supervisor *sv)
{
    struct pel_member *m;

    if (!may_start(sv))
        return;
    m = PEL_CONTAINER_OF(sv->recycle_queue.next, struct pel_member, queue);
    PEL_ASSERT(m->seat && m->seat->holder == m && !m->seat->heir);
    m->seat->heir = pel_member_spawn(m->seat);
    if (!m->seat->heir)
        return; /* no slot is free: the next worker that ends will bring us here again */
    pel_list_remove(&m->queue);
    sv->lease.old = m;
    sv->lease.heir = m->seat->heir;
}

/* Workers give the word itself as their reason. */
static enum pel_end end_of(const char *reason)
{
    if (strcmp(reason, pel_end_word(PEL_END_MAX_REQUESTS)) == 0)
        return PEL_END_MAX_REQUESTS;
    if (strcmp(reason, pel_end_word(PEL_END_MAX_LIFETIME)) == 0)
        return PEL_END_MAX_LIFETIME;
    return PEL_END_RECYCLE;
}

void pel_recycle_succeeded(struct pel_member *old, struct pel_member *heir)
{
    struct pel_supervisor *sv = heir->sv;

    if (sv->lease.heir == heir)
        sv->lease.heir = NULL;
    if (!old) {
        pel_settle_soon(sv);
        return;
    }
    pel_log(PEL_LOG_WORKER_RECYCLED,
            "worker %u (pid %d) is recycled (%s); worker %u (pid %d) has taken its place",
            old->slot, (int)old->pid, old->reason, heir->slot, (int)heir->pid);
    atomic_fetch_add_explicit(&sv->shm.header->worker_recycles, 1, memory_order_relaxed);
    old->seat = NULL;
    pel_member_drain(old, end_of(old->reason));
}

void pel_recycle_ended(struct pel_member *m)
{
    struct pel_supervisor *sv = m->sv;

    if (sv->lease.old == m)
        sv->lease.old = NULL;
    if (sv->lease.heir != m)
        return;
    sv->lease.heir = NULL;
    if (sv->lease.old && sv->lease.old->state == PEL_MEMBER_READY && sv->lease.old->seat) {
        pel_log(PEL_LOG_RECYCLE_DELAYED,
                "worker %u is not recycled yet: its replacement did not start; next try in "
                "%llu s",
                sv->lease.old->slot, PAUSE_NS / PEL_NS_PER_SEC);
        pel_list_push_tail(&sv->recycle_queue, &sv->lease.old->queue);
        pel_deadline_set(&sv->deadlines, &sv->recycle_pause, PAUSE_NS);
        sv->lease.old = NULL;
    }
}
