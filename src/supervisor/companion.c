#include <stdlib.h>
#include <unistd.h>

#include "companion.h"
#include "pellucid/log.h"
#include "pellucid/mem.h"
#include "pellucid/time.h"
#include "reload.h"
#include "report.h"
#include "settle.h"
#include "state.h"
#include "stop.h"

static const char *companion_doc(struct pel_role *role)
{
    return role->sv->companion_doc;
}

static void refuse_message(struct pel_channel *ch, const struct pel_msg *msg, int fd)
{
    pel_log(PEL_LOG_MESSAGE_UNEXPECTED, "the observer sent %s, which is not for it to send",
            pel_msg_name(msg->type));
    if (fd != -1)
        close(fd);
}

static void on_exit_of_companion(struct pel_role *role, int status)
{
    pel_settle_soon(role->sv);
    if (role->sv->phase >= PEL_PHASE_FLUSHING)
        return;
    if (role->is_stopping)
        role->kind->restart(role); /* with the new configuration */
    else
        pel_role_restart_later(role, status);
}

static void start(struct pel_role *role)
{
    struct pel_err err;

    if (pel_role_start(role, &err) == 0)
        return;
    pel_log(PEL_LOG_COMPANION_NOT_STARTED, "cannot start the %s: %s",
            pel_process_word(role->kind->role), err.text);
    role->started_ns = pel_now_ns();
    pel_role_restart_later(role, PEL_STATUS_UNKNOWN);
}

/* --- observer --- */

static void add_observer_args(struct pel_role *role, struct pel_command *cmd)
{
    struct pel_supervisor *sv = role->sv;
    int *fds = pel_mem_new(sv->admin.n, sizeof(*fds));

    for (size_t i = 0; i < sv->admin.n; i++)
        fds[i] = sv->admin.items[i].fd;
    pel_command_add_fd(cmd, "--shm", sv->shm.fd);
    pel_command_add_fd(cmd, "--event", sv->shm.event_fd);
    pel_command_add_fds(cmd, "--admin", fds, sv->admin.n);
    free(fds);
}

static void start_observer(struct pel_role *role)
{
    start(role);
    atomic_fetch_add_explicit(&role->sv->shm.header->observer_starts, 1, memory_order_relaxed);
}

static const struct pel_role_kind observer_kind = {
    .role = PEL_PROCESS_OBSERVER,
    .module = "pellucid.observer",
    .add_args = add_observer_args,
    .doc = companion_doc,
    .on_message = refuse_message,
    .on_exit = on_exit_of_companion,
    .restart = start_observer,
};

/* A copy: companions are started again even when no generation is left. */
static void note_doc(struct pel_supervisor *sv, const char *doc)
{
    free(sv->companion_doc);
    sv->companion_doc = pel_mem_dup(pel_str(doc, strlen(doc)));
}

void pel_observer_reload(struct pel_supervisor *sv)
{
    const char *doc = sv->current->reading.doc;

    if (!sv->is_observer_foreign && strcmp(sv->companion_doc, doc) == 0)
        return;
    sv->is_observer_foreign = false;
    note_doc(sv, doc);
    pel_role_stop(&sv->observer, PEL_OBSERVER_GRACE_NS);
    if (!sv->observer.pid)
        start_observer(&sv->observer);
}

/* --- watcher --- */

static void on_watcher_message(struct pel_channel *ch, const struct pel_msg *msg, int fd)
{
    struct pel_role *role = PEL_CONTAINER_OF(ch, struct pel_role, channel);

    if (fd != -1)
        close(fd);
    if (msg->type != PEL_MSG_CHANGED)
        return;
    pel_log(PEL_LOG_CODE_CHANGED, "%s has changed", msg->text);
    pel_reload(role->sv);
}

static void add_no_args(struct pel_role *role, struct pel_command *cmd)
{
}

static const struct pel_role_kind watcher_kind = {
    .role = PEL_PROCESS_WATCHER,
    .module = "pellucid.watcher",
    .add_args = add_no_args,
    .doc = companion_doc,
    .on_message = on_watcher_message,
    .on_exit = on_exit_of_companion,
    .restart = start,
};

void pel_companions_init(struct pel_supervisor *sv)
{
    pel_role_init(&sv->observer, &observer_kind, sv);
    pel_role_init(&sv->watcher, &watcher_kind, sv);
}

void pel_companions_start(struct pel_supervisor *sv)
{
    const struct pel_generation *gen = sv->current ? sv->current : sv->next;

    note_doc(sv, gen->reading.doc);
    /* One of the version before us stays until its generation is replaced. */
    sv->is_observer_foreign = sv->observer.pid != 0;
    if (!sv->is_observer_foreign)
        start_observer(&sv->observer);
    if (pel_generation_conf(gen)->server_reload)
        start(&sv->watcher);
}
