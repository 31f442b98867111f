#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "access.h"
#include "member.h"
#include "output.h"
#include "pellucid/log.h"
#include "reload.h"
#include "seat.h"
#include "signals.h"
#include "state.h"
#include "stop.h"
#include "upgrade.h"

static void stop(struct pel_supervisor *sv)
{
    if (sv->phase >= PEL_PHASE_STOPPING) {
        pel_log(PEL_LOG_STOPPING_AT_ONCE, "told to stop again: at once");
        pel_stop_now(sv);
        return;
    }
    pel_log(PEL_LOG_STOPPING, "told to stop");
    pel_stop(sv, EXIT_SUCCESS);
}

/* Some child that has ended, once the kernel has said what it used; 0 = there is none. */
static pid_t reap_one(struct pel_supervisor *sv, int *status)
{
    siginfo_t info = {.si_pid = 0};
    struct pel_proc last;
    bool is_known;

    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == -1 || info.si_pid == 0)
        return 0;
    is_known = pel_proc_read(&last, info.si_pid);
    if (waitpid(info.si_pid, status, WNOHANG) != info.si_pid)
        return 0;
    pel_accounts_close(&sv->shm, info.si_pid, is_known ? &last : NULL);
    return info.si_pid;
}

/* Children come from us, from templates that have died, and, where we are PID 1 or workers leave
 * orphans, from anywhere. SIGCHLD can merge: reap until there is nobody left. */
static void reap(struct pel_supervisor *sv)
{
    int status;
    pid_t pid;

    while ((pid = reap_one(sv, &status)) > 0) {
        struct pel_member *m;

        if (pel_role_reaped(sv, pid, status) || pel_upgrade_reaped(sv, pid, status))
            continue;
        m = pel_member_find(sv, pid);
        if (m)
            pel_member_ended(m, status);
        else
            pel_log(PEL_LOG_ORPHAN_REAPED, "reaped pid %d, an orphan", (int)pid);
    }
}

static void change_workers(struct pel_supervisor *sv, int by)
{
    struct pel_generation *gen = sv->current;

    if (sv->phase != PEL_PHASE_SERVING)
        return;
    if ((by < 0 && gen->n_wanted == 1) || (by > 0 && gen->n_wanted == sv->n_seats_max)) {
        pel_log(PEL_LOG_WORKERS_LIMIT, "%u worker%s is the %s", gen->n_wanted,
                gen->n_wanted == 1 ? "" : "s", by < 0 ? "least" : "most without a restart");
        return;
    }
    pel_log(PEL_LOG_WORKERS_CHANGED, "%s worker: %u", by < 0 ? "one less" : "one more",
            gen->n_wanted + (unsigned)by);
    pel_seats_resize(gen, gen->n_wanted + (unsigned)by);
}

static void reopen_logs(struct pel_supervisor *sv)
{
    pel_access_reopen(sv);
    pel_output_reopen(sv);
}

static void one_more(struct pel_supervisor *sv)
{
    change_workers(sv, 1);
}

static void one_less(struct pel_supervisor *sv)
{
    change_workers(sv, -1);
}

static const struct {
    int number;
    void (*act)(struct pel_supervisor *sv);
} table[] = {
    {SIGCHLD, reap},        {SIGTERM, stop},      {SIGINT, stop},
    {SIGQUIT, stop},        {SIGHUP, pel_reload}, {SIGUSR1, reopen_logs},
    {SIGUSR2, pel_upgrade}, {SIGTTIN, one_more},  {SIGTTOU, one_less},
};

static void on_signal(uv_signal_t *handle, int number)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(table); i++)
        if (table[i].number == number)
            table[i].act(handle->data);
}

int pel_signals_start(struct pel_supervisor *sv, struct pel_err *err)
{
    PEL_ASSERT(PEL_ARRAY_LEN(table) == PEL_ARRAY_LEN(sv->signals));
    for (size_t i = 0; i < PEL_ARRAY_LEN(table); i++) {
        int rc = uv_signal_init(&sv->loop, &sv->signals[i]);

        sv->signals[i].data = sv;
        if (rc == 0)
            rc = uv_signal_start(&sv->signals[i], on_signal, table[i].number);
        if (rc != 0)
            return pel_err_set(err, "cannot watch signal %d: %s", table[i].number, uv_strerror(rc));
    }
    return 0;
}
