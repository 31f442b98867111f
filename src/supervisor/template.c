#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pellucid/conf.h"
#include "pellucid/log.h"
#include "pellucid/mem.h"
#include "pellucid/template.h"

/* A worker forked here that has not been reaped. */
struct birth {
    pid_t pid;
    int pidfd; /* owned; readable once it has ended */
    unsigned slot;
};

struct pel_template {
    const struct pel_conf *conf;
    struct pel_shm shm;
    struct pel_listener *listeners;
    size_t n_listeners;
    int control_fd; /* of the template, or of this worker */
    int access_fd;
    struct birth *births;
    size_t n_births;
    /* in a worker */
    bool is_worker;
    unsigned slot, n_workers;
};

static void set_role(const struct pel_conf *conf, const char *role, const char *comm)
{
    pel_log_init(conf->log_level, conf->log_format, role);
    prctl(PR_SET_NAME, comm, 0, 0, 0);
}

/* --- signals: the supervisor decides, whoever else gets them --- */

static void do_nothing(int sig)
{
}

/* Signals of a terminal or of a manager go to all processes at once. A handler, not SIG_IGN, which
 * the app's own children would inherit. */
static void deafen(void)
{
    static const int signals[] = {SIGINT,  SIGTERM, SIGQUIT, SIGHUP,
                                  SIGUSR1, SIGUSR2, SIGTTIN, SIGTTOU};
    struct sigaction sa = {.sa_handler = do_nothing, .sa_flags = SA_RESTART};

    sigemptyset(&sa.sa_mask);
    for (size_t i = 0; i < PEL_ARRAY_LEN(signals); i++)
        sigaction(signals[i], &sa, NULL);
}

/* Until the worker sees to it itself, SIGTERM ends it: it is importing the app. */
static void hear_term(void)
{
    struct sigaction sa = {.sa_handler = SIG_DFL};

    sigaction(SIGTERM, &sa, NULL);
}

/* --- to the supervisor --- */

static void send_msg(struct pel_template *t, const struct pel_msg *msg, int fd)
{
    struct pollfd p = {.fd = t->control_fd, .events = POLLOUT};

    while (pel_ipc_send(t->control_fd, msg, fd) == -1) {
        if (errno != EAGAIN)
            return; /* it is gone; the end of file follows */
        poll(&p, 1, -1);
    }
}

static int text_file(struct pel_str text)
{
    int fd;

    if (!text.len)
        return -1;
    fd = memfd_create("pellucid-traceback", MFD_CLOEXEC);
    if (fd != -1 && write(fd, text.p, text.len) == -1) {
        close(fd);
        fd = -1;
    }
    return fd;
}

void pel_template_failed(struct pel_template *t, const char *why, struct pel_str text)
{
    struct pel_msg msg = {
        .type = t->is_worker ? PEL_MSG_FAILED : PEL_MSG_TEMPLATE_FAILED,
        .slot = t->slot,
        .pid = getpid(),
    };
    int fd = text_file(text);

    snprintf(msg.text, sizeof(msg.text), "%s", why);
    send_msg(t, &msg, fd);
    if (fd != -1)
        close(fd);
}

/* The ring of the supervisor is its own to write. */
static void on_line(void *arg, const struct pel_log_event *event)
{
    struct pel_template *t = arg;
    struct pel_msg msg = {.type = PEL_MSG_SAID, .pid = getpid(), .status = (int)event->entry};

    snprintf(msg.text, sizeof(msg.text), "%.*s", (int)event->message.len, event->message.p);
    pel_ipc_send(t->control_fd, &msg, -1);
}

/* --- forking --- */

/* The child's part, on its way to become a worker: what belongs to the template goes. */
static void become_worker(struct pel_template *t, const struct pel_msg *spawn, int control_fd)
{
    char role[32], comm[16];

    pel_log_set_watch(NULL, NULL);
    close(t->control_fd);
    for (size_t i = 0; i < t->n_births; i++)
        close(t->births[i].pidfd);
    t->n_births = 0;
    t->control_fd = control_fd;
    t->is_worker = true;
    t->slot = spawn->slot;
    t->n_workers = (unsigned)spawn->status;
    hear_term();
    snprintf(role, sizeof(role), "worker %u", t->slot);
    snprintf(comm, sizeof(comm), "pellucid w%u", t->slot);
    set_role(t->conf, role, comm);
}

static void note_birth(struct pel_template *t, pid_t pid, const struct pel_msg *spawn)
{
    struct pel_msg msg = {.type = PEL_MSG_SPAWNED, .slot = spawn->slot, .pid = pid};
    struct birth *b;

    t->births = pel_mem_resize(t->births, t->n_births + 1, sizeof(*t->births));
    b = &t->births[t->n_births++];
    /* Nobody but us reaps it, so the pid is still its own. */
    *b = (struct birth){.pid = pid, .pidfd = pidfd_open(pid, 0), .slot = spawn->slot};
    PEL_ASSERT(b->pidfd != -1);
    pel_account_open(&pel_shm_slot(&t->shm, b->slot)->account, PEL_PROCESS_WORKER, pid);
    send_msg(t, &msg, b->pidfd);
}

/* True in the child. */
static bool fork_worker(struct pel_template *t, const struct pel_msg *spawn, int control_fd)
{
    struct pel_msg failed = {.type = PEL_MSG_SPAWNED, .slot = spawn->slot, .pid = -1};
    pid_t pid;

    PyOS_BeforeFork();
    pid = fork();
    if (pid == 0) {
        PyOS_AfterFork_Child();
        become_worker(t, spawn, control_fd);
        return true;
    }
    PyOS_AfterFork_Parent();
    close(control_fd);
    if (pid > 0) {
        note_birth(t, pid, spawn);
    } else {
        pel_log(PEL_LOG_WORKER_NOT_STARTED, "cannot fork worker %u: %m", spawn->slot);
        send_msg(t, &failed, -1);
    }
    return false;
}

static void reap(struct pel_template *t, size_t i)
{
    struct birth b = t->births[i];
    struct pel_msg msg = {.type = PEL_MSG_EXITED, .slot = b.slot, .pid = b.pid};
    struct pel_proc last;
    bool is_known = pel_proc_read(&last, b.pid);
    int status;

    /* By pid: children of a preloaded app are its own business. */
    if (waitpid(b.pid, &status, WNOHANG) != b.pid)
        return;
    pel_accounts_close(&t->shm, b.pid, is_known ? &last : NULL);
    close(b.pidfd);
    t->births[i] = t->births[--t->n_births];
    msg.status = status;
    send_msg(t, &msg, -1);
}

/* --- from the supervisor --- */

enum outcome { GO_ON, LEAVE, IS_WORKER };

static enum outcome obey(struct pel_template *t, const struct pel_msg *msg, int fd)
{
    if (msg->type == PEL_MSG_SPAWN && fd != -1)
        return fork_worker(t, msg, fd) ? IS_WORKER : GO_ON;
    if (msg->type == PEL_MSG_REOPEN) {
        if (t->access_fd != -1)
            close(t->access_fd);
        t->access_fd = fd;
        return GO_ON;
    }
    if (msg->type == PEL_MSG_REOPEN_LOG && fd != -1)
        pel_log_take(fd);
    else
        pel_log(PEL_LOG_MESSAGE_UNEXPECTED, "the supervisor sent %s, which is not for a template",
                pel_msg_name(msg->type));
    if (fd != -1)
        close(fd);
    return GO_ON;
}

static enum outcome read_control(struct pel_template *t)
{
    for (;;) {
        struct pel_msg msg;
        int fd, rc = pel_ipc_recv(t->control_fd, &msg, &fd);
        enum outcome outcome;

        if (rc == -1 && errno == EAGAIN)
            return GO_ON;
        if (rc != 1)
            return LEAVE;
        outcome = obey(t, &msg, fd);
        if (outcome != GO_ON)
            return outcome;
    }
}

static void wait_for_news(struct pel_template *t, struct pollfd *polls)
{
    polls[0] = (struct pollfd){.fd = t->control_fd, .events = POLLIN};
    for (size_t i = 0; i < t->n_births; i++)
        polls[i + 1] = (struct pollfd){.fd = t->births[i].pidfd, .events = POLLIN};
    /* A preloaded app may have threads. */
    Py_BEGIN_ALLOW_THREADS;
    poll(polls, t->n_births + 1, -1);
    Py_END_ALLOW_THREADS;
}

bool pel_template_serve(struct pel_template *t)
{
    struct pel_msg ready = {.type = PEL_MSG_TEMPLATE_READY, .pid = getpid()};
    enum outcome outcome = GO_ON;
    struct pollfd *polls = NULL;

    send_msg(t, &ready, -1);
    while (outcome == GO_ON) {
        polls = pel_mem_resize(polls, t->n_births + 1, sizeof(*polls));
        wait_for_news(t, polls);
        for (size_t i = t->n_births; i-- > 0;)
            if (polls[i + 1].revents)
                reap(t, i);
        if (polls[0].revents)
            outcome = read_control(t);
    }
    free(polls);
    return outcome == IS_WORKER;
}

/* --- opening --- */

/* What the app starts must not inherit them. */
static int close_on_exec(const struct pel_template_fds *fds, struct pel_err *err)
{
    int rc = fcntl(fds->control, F_SETFD, FD_CLOEXEC);

    if (fcntl(fds->shm, F_SETFD, FD_CLOEXEC) == -1 || fcntl(fds->event, F_SETFD, FD_CLOEXEC) == -1)
        rc = -1;
    if (fds->access != -1 && fcntl(fds->access, F_SETFD, FD_CLOEXEC) == -1)
        rc = -1;
    for (size_t i = 0; i < fds->n_listen; i++)
        if (fcntl(fds->listen[i], F_SETFD, FD_CLOEXEC) == -1)
            rc = -1;
    return rc == -1 ? pel_err_sys(err, "a descriptor of the supervisor is missing") : 0;
}

struct pel_template *pel_template_open(const struct pel_conf *conf,
                                       const struct pel_template_fds *fds, struct pel_err *err)
{
    struct pel_template *t;

    set_role(conf, "template", "pellucid tmpl");
    deafen();
    if (close_on_exec(fds, err) == -1)
        return NULL;
    t = pel_mem_new(1, sizeof(*t));
    t->conf = conf;
    t->control_fd = fds->control;
    t->access_fd = fds->access;
    t->n_listeners = fds->n_listen;
    t->listeners = pel_mem_new(fds->n_listen, sizeof(*t->listeners));
    if (pel_shm_attach(&t->shm, fds->shm, fds->event, err) == -1)
        goto free_template;
    for (size_t i = 0; i < fds->n_listen; i++)
        if (pel_listener_init(&t->listeners[i], fds->listen[i], err) == -1)
            goto close_shm;
    pel_log_set_watch(on_line, t);
    return t;

close_shm:
    pel_shm_close(&t->shm);
free_template:
    free(t->listeners);
    free(t);
    return NULL;
}

void pel_template_worker_env(struct pel_template *t, struct pel_worker_env *out)
{
    PEL_ASSERT(t->is_worker);
    *out = (struct pel_worker_env){
        .conf = t->conf,
        .shm = &t->shm,
        .slot = t->slot,
        .listeners = t->listeners,
        .n_listeners = t->n_listeners,
        .owns_listeners = true,
        .control_fd = t->control_fd,
        .access_fd = t->access_fd,
        .is_multiprocess = t->n_workers > 1,
    };
}
