#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "member.h"
#include "pellucid/buf.h"
#include "pellucid/log.h"
#include "pellucid/time.h"
#include "report.h"
#include "settle.h"
#include "state.h"
#include "upgrade.h"

#define VARIABLE "PELLUCID_UPGRADE"

/* What two versions must agree on for one to take over from the other. */
static void layout(char *out, size_t len)
{
    snprintf(out, len, "%u.%zu.%zu", PEL_SHM_VERSION, sizeof(struct pel_shm_slot),
             sizeof(struct pel_msg));
}

/* --- what is handed on: a line an object, descriptors by number --- */

struct legacy {
    struct pel_buf text;
    struct pel_command fds; /* only the list of descriptors is used */
};

static int pass(struct legacy *l, int fd)
{
    pel_command_add_inherited(&l->fds, fd);
    return fd;
}

static void add_sockets(struct legacy *l, const char *word, const struct pel_sockets *ss)
{
    for (size_t i = 0; i < ss->n; i++)
        pel_buf_addf(&l->text, "%s %d %s\n", word, pass(l, ss->items[i].fd),
                     ss->items[i].path[0] ? ss->items[i].path : "-");
}

static void add_role(struct legacy *l, const struct pel_role *role)
{
    if (role->pid && pel_channel_is_open(&role->channel))
        pel_buf_addf(&l->text, "%s %d %d\n", pel_process_word(role->kind->role), (int)role->pid,
                     pass(l, role->channel.fd));
}

static void add_member(struct legacy *l, const struct pel_member *m)
{
    if (!m->pid || !pel_channel_is_open(&m->channel) || m->pidfd == -1)
        return;
    pel_buf_addf(&l->text, "worker %u %d %d %d %d %llu %llu\n", m->slot,
                 m->seat ? (int)m->seat->index : -1, (int)m->pid, pass(l, m->pidfd),
                 pass(l, m->channel.fd), (unsigned long long)m->spawned_ns,
                 (unsigned long long)m->ready_ns);
}

static void describe(struct legacy *l, const struct pel_supervisor *sv)
{
    pel_buf_init(&l->text);
    l->fds = (struct pel_command){.argv = NULL};
    pel_buf_addf(&l->text, "shm %d %d\n", pass(l, sv->shm.fd), pass(l, sv->shm.event_fd));
    pel_buf_addf(&l->text, "generation %u %u\n", sv->n_generations, sv->current->n_wanted);
    add_sockets(l, "listen", &sv->listeners);
    add_sockets(l, "admin", &sv->admin);
    add_role(l, &sv->observer);
    add_role(l, &sv->current->template);
    for (unsigned i = 0; i < sv->n_members; i++)
        add_member(l, &sv->members[i]);
    pel_buf_add(&l->text, "", 1);
}

static void legacy_fini(struct legacy *l)
{
    pel_buf_fini(&l->text);
    pel_command_fini(&l->fds);
}

/* --- the trial --- */

static void start_trial(struct pel_supervisor *sv)
{
    static const struct pel_privileges as_we_are = {.is_set = false};
    char variable[96], text[64];
    struct pel_command cmd;
    struct pel_err err;
    pid_t pid;

    layout(text, sizeof(text));
    snprintf(variable, sizeof(variable), VARIABLE "=trial %s", text);
    pel_command_init(&cmd, sv->env->argv);
    cmd.variable = variable;
    pid = pel_command_spawn(&cmd, &as_we_are, &err);
    pel_command_fini(&cmd);
    if (pid == -1) {
        pel_log(PEL_LOG_UPGRADE_FAILED, "upgrade failed: %s", err.text);
        sv->must_upgrade = false;
        return;
    }
    sv->probe_pid = pid;
}

bool pel_upgrade_reaped(struct pel_supervisor *sv, pid_t pid, int status)
{
    char how[64];

    if (!sv->probe_pid || pid != sv->probe_pid)
        return false;
    sv->probe_pid = 0;
    sv->is_probed = pel_status_is_clean(status);
    if (!sv->is_probed) {
        pel_status_text(status, how, sizeof(how));
        pel_log(PEL_LOG_UPGRADE_FAILED,
                "upgrade failed: the new version does not start (%s); generation %u goes on", how,
                sv->current->number);
        sv->must_upgrade = false;
    }
    pel_settle_soon(sv);
    return true;
}

/* --- the exec --- */

static void keep_over_exec(const struct legacy *l, bool is_kept)
{
    for (size_t i = 0; i < l->fds.n_fds; i++)
        fcntl(l->fds.fds[i], F_SETFD, is_kept ? 0 : FD_CLOEXEC);
}

/* Returns only when it fails. Until the successor watches signals they wait. */
static void become_successor(struct pel_supervisor *sv, const struct legacy *l, int state_fd)
{
    char value[96], text[64];
    sigset_t all, before;

    layout(text, sizeof(text));
    snprintf(value, sizeof(value), "heir %s %d", text, state_fd);
    setenv(VARIABLE, value, 1);
    fcntl(state_fd, F_SETFD, 0);
    keep_over_exec(l, true);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    execv(sv->env->argv[0], sv->env->argv);
    pel_log(PEL_LOG_UPGRADE_FAILED, "upgrade failed: cannot execute %s: %m", sv->env->argv[0]);
    sigprocmask(SIG_SETMASK, &before, NULL);
    keep_over_exec(l, false);
    unsetenv(VARIABLE);
}

static void hand_over(struct pel_supervisor *sv)
{
    struct legacy l;
    struct pel_err err;
    int fd;

    pel_notify_send(&sv->notify, "RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=Upgrading",
                    (unsigned long long)(pel_now_ns() / PEL_NS_PER_US));
    describe(&l, sv);
    fd = pel_command_document("pellucid-upgrade", l.text.p, &err);
    if (fd == -1) {
        pel_log(PEL_LOG_UPGRADE_FAILED, "upgrade failed: %s", err.text);
    } else {
        become_successor(sv, &l, fd);
        close(fd);
    }
    legacy_fini(&l);
    pel_notify_send(&sv->notify, "READY=1");
}

/* --- when --- */

static bool is_quiet(const struct pel_supervisor *sv)
{
    if (sv->phase != PEL_PHASE_SERVING || sv->next || sv->lease.old || sv->lease.heir ||
        sv->n_parcels || !sv->current->is_template_ready || !sv->observer.pid ||
        sv->observer.is_stopping)
        return false;
    for (unsigned i = 0; i < sv->n_members; i++)
        if (sv->members[i].state == PEL_MEMBER_SPAWNING ||
            sv->members[i].state == PEL_MEMBER_STARTING)
            return false;
    return true;
}

void pel_upgrade(struct pel_supervisor *sv)
{
    if (sv->must_upgrade)
        return;
    pel_log(PEL_LOG_UPGRADING, "upgrade");
    sv->must_upgrade = true;
    sv->is_probed = false;
    pel_settle_soon(sv);
}

void pel_upgrade_advance(struct pel_supervisor *sv)
{
    if (!sv->must_upgrade || sv->probe_pid || !is_quiet(sv))
        return;
    if (!sv->is_probed) {
        start_trial(sv);
        return;
    }
    sv->must_upgrade = false;
    hand_over(sv);
}

int pel_upgrade_part(int *out_fd, struct pel_err *err)
{
    const char *value = getenv(VARIABLE);
    char part[8], theirs[64], ours[64];
    int fd = -1, n;

    if (!value)
        return PEL_UPGRADE_NONE;
    n = sscanf(value, "%7s %63s %d", part, theirs, &fd);
    unsetenv(VARIABLE);
    layout(ours, sizeof(ours));
    if (n < 2 || strcmp(theirs, ours) != 0)
        return pel_err_set(err,
                           "the running server is of another version (%s, not %s): it cannot "
                           "be upgraded in place; restart it",
                           n < 2 ? "?" : theirs, ours);
    if (n == 2)
        return PEL_UPGRADE_TRIAL;
    *out_fd = fd;
    return PEL_UPGRADE_HEIR;
}
