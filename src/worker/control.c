#include "control.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "handoff.h"
#include "pellucid/log.h"

bool pel_control_send(struct pel_control *ct, enum pel_msg_type type, const char *text, int fd)
{
    const struct pel_worker_env *env = ct->loop->env;
    struct pel_msg msg = {.type = type, .slot = env->slot, .pid = getpid()};

    if (env->control_fd < 0)
        return false;
    snprintf(msg.text, sizeof(msg.text), "%s", text);
    return pel_ipc_send(env->control_fd, &msg, fd) == 0;
}

static void on_sigterm(uv_signal_t *handle, int signum)
{
    struct pel_control *ct = PEL_CONTAINER_OF(handle, struct pel_control, sigterm);

    if (ct->drain.terms++ > 0)
        pel_drain_give_up(&ct->drain);
    else
        pel_drain_start(&ct->drain, "SIGTERM", false);
}

static void on_sigint(uv_signal_t *handle, int signum)
{
    struct pel_control *ct = PEL_CONTAINER_OF(handle, struct pel_control, sigint);

    if (ct->loop->env->control_fd < 0)
        on_sigterm(&ct->sigterm, signum);
}

static void on_orphaned(struct pel_control *ct)
{
    uv_poll_stop(&ct->poll);
    pel_drain_start(&ct->drain, "the supervisor is gone", false);
}

/* fd is ours. */
static void on_message(struct pel_control *ct, const struct pel_msg *msg, int fd)
{
    switch (msg->type) {
    case PEL_MSG_DRAIN:
        pel_drain_start(&ct->drain, msg->text, strcmp(msg->text, "stop") != 0);
        break;
    case PEL_MSG_HANDOFF:
        if (fd >= 0)
            pel_handoff_adopt(ct->loop, fd);
        return;
    case PEL_MSG_REOPEN_LOG:
        if (fd >= 0)
            pel_log_take(fd);
        break;
    case PEL_MSG_REOPEN:
        if (fd >= 0)
            pel_probes_set_access_fd(ct->loop->probes, fd);
        return;
    default:
        pel_log(PEL_LOG_MESSAGE_UNEXPECTED, "the supervisor sent %s, which is not for a worker",
                pel_msg_name((enum pel_msg_type)msg->type));
    }
    if (fd >= 0)
        close(fd);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct pel_control *ct = PEL_CONTAINER_OF(poll, struct pel_control, poll);
    struct pel_msg msg;
    int fd, rc;

    while ((rc = pel_ipc_recv(ct->loop->env->control_fd, &msg, &fd)) > 0)
        on_message(ct, &msg, fd);
    if (rc == 0 || (errno != EAGAIN && errno != EINTR))
        on_orphaned(ct);
}

/* A child that the app forks without exec (multiprocessing) must not stop the worker: libuv's
 * handler would write to the pipe that both share. It gets back what was there before. */
static struct {
    pthread_once_t once;
    bool is_open;
    struct sigaction sigterm, sigint;
} before = {.once = PTHREAD_ONCE_INIT};

static void restore_in_child(void)
{
    if (!before.is_open)
        return;
    sigaction(SIGTERM, &before.sigterm, NULL);
    sigaction(SIGINT, &before.sigint, NULL);
}

static void restore_in_children(void)
{
    pthread_atfork(NULL, NULL, restore_in_child);
}

static void remember_handlers(void)
{
    sigaction(SIGTERM, NULL, &before.sigterm);
    sigaction(SIGINT, NULL, &before.sigint);
    pthread_once(&before.once, restore_in_children);
    before.is_open = true;
}

static int watch(struct pel_control *ct)
{
    struct pel_loop *loop = ct->loop;
    int rc = 0;

    uv_signal_init(&loop->uv, &ct->sigterm);
    uv_signal_init(&loop->uv, &ct->sigint);
    rc = uv_signal_start(&ct->sigterm, on_sigterm, SIGTERM);
    if (rc == 0)
        rc = uv_signal_start(&ct->sigint, on_sigint, SIGINT);
    if (rc != 0 || loop->env->control_fd < 0)
        return rc;
    rc = uv_poll_init(&loop->uv, &ct->poll, loop->env->control_fd);
    ct->is_watched = rc == 0;
    return rc == 0 ? uv_poll_start(&ct->poll, UV_READABLE, on_readable) : rc;
}

int pel_control_open(struct pel_control *ct, struct pel_loop *loop, struct pel_err *err)
{
    int rc;

    *ct = (struct pel_control){.loop = loop};
    loop->control = ct;
    pel_drain_init(&ct->drain, loop);
    pel_age_init(&ct->age, loop);
    remember_handlers();
    rc = watch(ct);
    return rc == 0 ? 0 : pel_err_set(err, "cannot watch signals: %s", uv_strerror(rc));
}

void pel_control_close(struct pel_control *ct)
{
    uv_close((uv_handle_t *)&ct->sigterm, NULL);
    uv_close((uv_handle_t *)&ct->sigint, NULL);
    if (ct->is_watched)
        uv_close((uv_handle_t *)&ct->poll, NULL);
    pel_drain_fini(&ct->drain);
    pel_age_fini(&ct->age);
    ct->loop->control = NULL;
    before.is_open = false;
}
