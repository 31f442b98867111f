#include <signal.h>
#include <unistd.h>

#include "pellucid/log.h"
#include "pellucid/time.h"
#include "report.h"
#include "role.h"
#include "state.h"

static void on_deadline(struct pel_deadline *d)
{
    struct pel_role *role = PEL_CONTAINER_OF(d, struct pel_role, deadline);

    if (!role->pid) {
        role->kind->restart(role);
        return;
    }
    pel_log(PEL_LOG_PROCESS_STUCK, "%s (pid %d) took too long to %s; killed",
            pel_process_word(role->kind->role), (int)role->pid,
            role->is_stopping ? "stop" : "start (server.startup_timeout)");
    pel_role_kill(role);
}

void pel_role_init(struct pel_role *role, const struct pel_role_kind *kind,
                   struct pel_supervisor *sv)
{
    *role = (struct pel_role){.kind = kind, .sv = sv};
    pel_list_init(&role->link);
    pel_channel_init(&role->channel, kind->on_message, NULL);
    pel_deadline_init(&role->deadline, on_deadline);
}

static pid_t spawn(struct pel_role *role, int conf_fd, int control_fd, struct pel_err *err)
{
    struct pel_command cmd;
    pid_t pid;

    pel_command_init(&cmd, role->sv->env->python);
    /* -P: a file in the working directory must not stand in for a module of ours. */
    pel_command_add_arg(&cmd, "-P");
    pel_command_add_arg(&cmd, "-m");
    pel_command_add_arg(&cmd, role->kind->module);
    pel_command_add_fd(&cmd, "--conf", conf_fd);
    pel_command_add_fd(&cmd, "--control", control_fd);
    role->kind->add_args(role, &cmd);
    pid = pel_command_spawn(&cmd, &role->sv->privileges, err);
    pel_command_fini(&cmd);
    return pid;
}

int pel_role_start(struct pel_role *role, struct pel_err *err)
{
    int conf_fd = pel_command_document("pellucid-conf", role->kind->doc(role), err);
    int control_fd;
    pid_t pid;

    PEL_ASSERT(!role->pid);
    if (conf_fd == -1)
        return -1;
    if (pel_channel_open(&role->channel, &role->sv->loop, &control_fd, err) == -1) {
        close(conf_fd);
        return -1;
    }
    pid = spawn(role, conf_fd, control_fd, err);
    close(conf_fd);
    close(control_fd);
    if (pid == -1) {
        pel_channel_close(&role->channel);
        return -1;
    }
    pel_deadline_cancel(&role->deadline);
    role->pid = pid;
    role->is_stopping = false;
    role->started_ns = pel_now_ns();
    pel_list_push_tail(&role->sv->roles, &role->link);
    pel_accounts_open(&role->sv->shm, role->kind->role, pid);
    return 0;
}

int pel_role_adopt(struct pel_role *role, pid_t pid, int control_fd, struct pel_err *err)
{
    if (pel_channel_adopt(&role->channel, &role->sv->loop, control_fd, err) == -1)
        return -1;
    role->pid = pid;
    role->started_ns = pel_now_ns();
    pel_list_push_tail(&role->sv->roles, &role->link);
    return 0;
}

void pel_role_stop(struct pel_role *role, uint64_t grace_ns)
{
    pel_deadline_cancel(&role->deadline);
    if (!role->pid)
        return;
    role->is_stopping = true;
    /* Not closed: what a template still has to say about its workers counts. */
    pel_channel_shut(&role->channel);
    pel_deadline_set(&role->sv->deadlines, &role->deadline, grace_ns);
}

void pel_role_kill(struct pel_role *role)
{
    /* Nobody else reaps it, so the pid is its own until then. */
    if (role->pid)
        kill(role->pid, SIGKILL);
}

void pel_role_restart_later(struct pel_role *role, int status)
{
    uint64_t now = pel_now_ns(), lived_ns = now - role->started_ns;
    uint64_t pause_ns = pel_backoff_next(&role->backoff, now, lived_ns);
    char how[64];

    pel_status_text(status, how, sizeof(how));
    if (pause_ns)
        pel_log(PEL_LOG_PROCESS_DIED, "%s died (%s), %u times in %.1f s; next try in %.1f s",
                pel_process_word(role->kind->role), how, role->backoff.deaths,
                (double)(now - role->backoff.first_ns) / 1e9, (double)pause_ns / 1e9);
    else
        pel_log(PEL_LOG_PROCESS_DIED, "%s died (%s); started again",
                pel_process_word(role->kind->role), how);
    pel_deadline_set(&role->sv->deadlines, &role->deadline, pause_ns);
}

bool pel_role_reaped(struct pel_supervisor *sv, pid_t pid, int status)
{
    struct pel_list *at;

    for (at = sv->roles.next; at != &sv->roles; at = at->next) {
        struct pel_role *role = PEL_CONTAINER_OF(at, struct pel_role, link);

        if (role->pid != pid)
            continue;
        pel_channel_read(&role->channel);
        pel_channel_close(&role->channel);
        pel_deadline_cancel(&role->deadline);
        pel_list_remove(&role->link);
        role->pid = 0;
        role->kind->on_exit(role, status);
        return true;
    }
    return false;
}
