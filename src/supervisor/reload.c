#include "companion.h"
#include "generation.h"
#include "pellucid/log.h"
#include "pellucid/time.h"
#include "reload.h"
#include "state.h"
#include "status.h"

static void warn_of_restarts(const struct pel_conf *running, const struct pel_conf *wanted)
{
    for (size_t i = 0; i < pel_n_directives; i++)
        if (!pel_directives[i].is_live && !pel_conf_is_same(running, wanted, i))
            pel_log(PEL_LOG_RESTART_NEEDED,
                    "%s.%s has changed, but takes effect only with a restart",
                    pel_directives[i].section, pel_directives[i].key);
}

static int start_next(struct pel_supervisor *sv, struct pel_err *err)
{
    struct pel_reading reading;

    if (sv->env->reload(sv->env->data, &reading, err) == -1)
        return -1;
    pel_reading_warn(&reading);
    warn_of_restarts(pel_generation_conf(sv->current), reading.conf);
    sv->next = pel_generation_new(sv, reading, err);
    if (!sv->next)
        return -1;
    return pel_generation_start(sv->next, err);
}

void pel_reload(struct pel_supervisor *sv)
{
    struct pel_err err;

    if (sv->phase >= PEL_PHASE_STOPPING)
        return;
    if (sv->next) {
        sv->must_reload_again = true;
        return;
    }
    pel_log(PEL_LOG_RELOADING, "reload");
    pel_notify_send(&sv->notify, "RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=Reloading",
                    (unsigned long long)(pel_now_ns() / PEL_NS_PER_US));
    if (start_next(sv, &err) == 0)
        return;
    if (sv->next) {
        pel_generation_start_failed(sv->next, err.text);
        return;
    }
    pel_log(PEL_LOG_RELOAD_FAILED, "reload failed: %s; generation %u goes on", err.text,
            sv->current->number);
    pel_reload_ended(sv, false);
}

void pel_reload_ended(struct pel_supervisor *sv, bool has_succeeded)
{
    if (sv->phase >= PEL_PHASE_STOPPING)
        return;
    if (sv->phase == PEL_PHASE_STARTING) {
        sv->phase = PEL_PHASE_SERVING;
    } else if (!has_succeeded) {
        atomic_fetch_add_explicit(&sv->shm.header->reloads_failed, 1, memory_order_relaxed);
    } else {
        const struct pel_conf *conf = pel_generation_conf(sv->current);

        atomic_fetch_add_explicit(&sv->shm.header->reloads, 1, memory_order_relaxed);
        pel_log_init(conf->log_level, conf->log_format, "supervisor");
        pel_observer_reload(sv);
    }
    pel_status_ready(sv);
    if (sv->must_reload_again) {
        sv->must_reload_again = false;
        pel_reload(sv);
    }
}
