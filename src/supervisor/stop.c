#include "generation.h"
#include "member.h"
#include "pellucid/log.h"
#include "report.h"
#include "settle.h"
#include "state.h"
#include "stop.h"

/* After a second signal. */
#define HASTY_GRACE_NS PEL_NS_PER_SEC

void pel_stop(struct pel_supervisor *sv, int exit_status)
{
    if (sv->phase >= PEL_PHASE_STOPPING)
        return;
    sv->phase = PEL_PHASE_STOPPING;
    sv->exit_status = exit_status;
    sv->next = NULL;
    pel_notify_send(&sv->notify, "STOPPING=1\nSTATUS=Stopping");
    for (struct pel_list *at = sv->generations.next; at != &sv->generations; at = at->next)
        pel_generation_retire(PEL_CONTAINER_OF(at, struct pel_generation, link), PEL_END_STOP);
    pel_listen_stop(&sv->listeners);
    pel_settle_soon(sv);
}

void pel_stop_now(struct pel_supervisor *sv)
{
    struct pel_list *at;

    for (unsigned i = 0; i < sv->n_members; i++) {
        struct pel_member *m = &sv->members[i];

        if (m->state == PEL_MEMBER_NONE || m->is_killed)
            continue;
        pel_log(PEL_LOG_WORKER_STOPPED_AT_ONCE, "worker %u (pid %d) is killed: stopped at once",
                m->slot, (int)m->pid);
        pel_report_running(m);
        pel_member_kill(m, PEL_END_STOP);
    }
    for (at = sv->generations.next; at != &sv->generations; at = at->next)
        pel_role_kill(&PEL_CONTAINER_OF(at, struct pel_generation, link)->template);
    sv->is_hasty = true;
    if (sv->phase == PEL_PHASE_FLUSHING)
        pel_role_stop(&sv->observer, HASTY_GRACE_NS);
}

void pel_stop_advance(struct pel_supervisor *sv)
{
    if (sv->phase == PEL_PHASE_STOPPING && pel_list_is_empty(&sv->generations)) {
        sv->phase = PEL_PHASE_FLUSHING;
        pel_role_stop(&sv->observer, sv->is_hasty ? HASTY_GRACE_NS : PEL_OBSERVER_GRACE_NS);
        pel_role_stop(&sv->watcher, HASTY_GRACE_NS);
    }
    if (sv->phase == PEL_PHASE_FLUSHING && !sv->observer.pid && !sv->watcher.pid) {
        sv->phase = PEL_PHASE_OVER;
        uv_stop(&sv->loop);
    }
}
