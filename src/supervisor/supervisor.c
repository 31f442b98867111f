#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "companion.h"
#include "cpus.h"
#include "generation.h"
#include "handoff.h"
#include "member.h"
#include "output.h"
#include "pellucid/log.h"
#include "pellucid/logline.h"
#include "recycle.h"
#include "settle.h"
#include "signals.h"
#include "state.h"
#include "status.h"
#include "stop.h"
#include "upgrade.h"

/* Slots beyond two for each worker (a reload doubles them): for TTIN and for slow leavers. */
#define SLOTS_EXTRA 8
#define SLOTS_MIN 16
#define ADMIN_BACKLOG 128
#define BIND_MODE 0666
#define ADMIN_MODE 0600

void pel_reading_warn(const struct pel_reading *r)
{
    const char *line = r->warnings, *end;

    for (; *line; line = *end ? end + 1 : end) {
        end = strchrnul(line, '\n');
        pel_log(PEL_LOG_CONFIG_WARNING, "%.*s", (int)(end - line), line);
    }
}

void pel_reading_fini(struct pel_reading *r)
{
    if (r->conf)
        pel_conf_fini(r->conf);
    free(r->conf);
    free(r->doc);
    free(r->warnings);
    *r = (struct pel_reading){.conf = NULL};
}

static int open_listeners(struct pel_supervisor *sv, const struct pel_conf *conf,
                          struct pel_err *err)
{
    struct pel_listen_how how = {"server.bind", (int)conf->server_backlog, BIND_MODE};

    if (pel_listen_take_systemd(&sv->listeners, &sv->admin, err) == -1)
        return -1;
    if (sv->listeners.n)
        return 0;
    for (size_t i = 0; i < conf->server_bind.n; i++)
        if (pel_listen_open(&sv->listeners, conf->server_bind.items[i], &how, err) == -1)
            return -1;
    return 0;
}

static int open_admin(struct pel_supervisor *sv, const struct pel_conf *conf, struct pel_err *err)
{
    struct pel_listen_how how = {"admin.bind", ADMIN_BACKLOG, ADMIN_MODE};

    if (sv->admin.n || !*conf->admin_bind || strcmp(conf->admin_bind, "off") == 0)
        return 0;
    return pel_listen_open(&sv->admin, conf->admin_bind, &how, err);
}

static int open_shm(struct pel_supervisor *sv, const struct pel_conf *conf, struct pel_err *err)
{
    unsigned workers = conf->server_workers ? (unsigned)conf->server_workers : pel_cpus_usable("");
    unsigned n = 2 * workers + SLOTS_EXTRA;

    if (n < SLOTS_MIN)
        n = SLOTS_MIN;
    sv->n_seats_max = n / 2;
    return pel_shm_create(&sv->shm, n, &conf->http_known_methods, err);
}

/* The observer asks the kernel about them (backlog.h). */
static void show_listeners(struct pel_supervisor *sv)
{
    for (size_t i = 0; i < sv->listeners.n && i < PEL_SHM_LISTENERS_N; i++) {
        struct pel_shm_listener *l = &sv->shm.header->listeners[i];
        const struct pel_socket *s = &sv->listeners.items[i];

        memcpy(l->url, s->url, sizeof(l->url));
        l->inode = pel_listen_inode(s, &l->family);
    }
}

static int open_anew(struct pel_supervisor *sv, const struct pel_conf *conf, struct pel_err *err)
{
    if (open_listeners(sv, conf, err) == -1 || open_admin(sv, conf, err) == -1 ||
        open_shm(sv, conf, err) == -1)
        return -1;
    show_listeners(sv);
    pel_accounts_open(&sv->shm, PEL_PROCESS_SUPERVISOR, getpid());
    pel_members_init(sv);
    return 0;
}

/* What must be there before anything is started; legacy_fd is that of an upgrade, or -1. 0, or -1
 * with err. */
static int open_all(struct pel_supervisor *sv, int legacy_fd, struct pel_err *err)
{
    const struct pel_conf *conf = sv->env->first.conf;
    sigset_t none;
    int rc;

    if (pel_privileges_find(&sv->privileges, conf->server_user, conf->server_group, err) == -1)
        return -1;
    pel_notify_open(&sv->notify);
    rc = legacy_fd == -1 ? open_anew(sv, conf, err) : pel_upgrade_inherit(sv, legacy_fd, err);
    if (rc == -1 || pel_signals_start(sv, err) == -1)
        return -1;
    sv->phase = sv->current ? PEL_PHASE_SERVING : PEL_PHASE_STARTING;
    /* Those of an upgrade have waited since the old version let go. */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    return 0;
}

/* Workers whose template has died become children of ours, and go on serving. */
static void adopt_orphans(void)
{
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == -1)
        pel_log(PEL_LOG_NO_SUBREAPER, "cannot become the reaper of orphans: %m");
}

static int start(struct pel_supervisor *sv, struct pel_err *err)
{
    struct pel_reading first = sv->env->first;

    prctl(PR_SET_NAME, "pellucid super", 0, 0, 0);
    adopt_orphans();
    sv->env->first = (struct pel_reading){.conf = NULL};
    pel_reading_warn(&first);
    sv->next = pel_generation_new(sv, first, err);
    if (!sv->next)
        return -1;
    for (size_t i = 0; i < sv->listeners.n; i++)
        pel_log(PEL_LOG_LISTENING, "listening on %s", sv->listeners.items[i].url);
    for (size_t i = 0; i < sv->admin.n; i++)
        pel_log(PEL_LOG_ADMIN_LISTENING, "admin address %s", sv->admin.items[i].url);
    pel_companions_start(sv);
    pel_status_start(sv);
    return pel_generation_start(sv->next, err);
}

static void init(struct pel_supervisor *sv, struct pel_supervisor_env *env)
{
    int rc;

    *sv = (struct pel_supervisor){.env = env, .shm = {.fd = -1, .event_fd = -1}, .notify.fd = -1};
    rc = uv_loop_init(&sv->loop);
    PEL_ASSERT(rc == 0);
    pel_list_init(&sv->roles);
    pel_list_init(&sv->generations);
    pel_deadlines_init(&sv->deadlines, &sv->loop);
    pel_settle_init(sv);
    pel_recycle_init(sv);
    pel_handoff_init(sv);
    pel_companions_init(sv);
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void fini(struct pel_supervisor *sv)
{
    int rc;

    pel_handoff_fini(sv);
    pel_listen_close(&sv->listeners);
    pel_listen_close(&sv->admin);
    uv_walk(&sv->loop, close_handle, NULL);
    uv_run(&sv->loop, UV_RUN_DEFAULT);
    rc = uv_loop_close(&sv->loop);
    PEL_ASSERT(rc == 0);
    if (sv->members)
        pel_members_fini(sv);
    if (sv->shm.header)
        pel_shm_close(&sv->shm);
    pel_privileges_fini(&sv->privileges);
    pel_notify_close(&sv->notify);
    pel_reading_fini(&sv->env->first);
    free(sv->companion_doc);
    pel_output_close(sv);
}

/* For OTLP: the observer reads the ring, whether it exports logs or not. */
static void on_line(void *arg, const struct pel_log_event *event)
{
    struct pel_shm *shm = arg;

    if (!pel_logline_write(&shm->header->ring, event, shm->header->instance_id,
                           shm->header->supervisor_pid))
        atomic_fetch_add_explicit(&shm->header->log_lines_lost, 1, memory_order_relaxed);
    pel_ring_poke(shm, &shm->header->ring);
}

static int supervise(struct pel_supervisor_env *env, int legacy_fd)
{
    struct pel_supervisor sv;
    struct pel_err err;

    init(&sv, env);
    if (pel_output_open(&sv, env->first.conf->log_output, &err) == -1 ||
        open_all(&sv, legacy_fd, &err) == -1) {
        pel_log(PEL_LOG_START_FAILED, "%s", err.text);
        sv.exit_status = EXIT_FAILURE;
    } else {
        pel_log_set_watch(on_line, &sv.shm);
        if (start(&sv, &err) == -1) {
            pel_log(PEL_LOG_START_FAILED, "%s", err.text);
            pel_stop(&sv, EXIT_FAILURE);
        }
        uv_run(&sv.loop, UV_RUN_DEFAULT);
        pel_log_set_watch(NULL, NULL);
        pel_log(PEL_LOG_STOPPED, "stopped");
    }
    fini(&sv);
    return sv.exit_status;
}

int pel_supervise(struct pel_supervisor_env *env)
{
    const struct pel_conf *conf = env->first.conf;
    int legacy_fd = -1, part;
    struct pel_err err;

    pel_log_init(conf->log_level, conf->log_format, "supervisor");
    part = pel_upgrade_part(&legacy_fd, &err);
    if (part == -1)
        pel_log(PEL_LOG_START_FAILED, "%s", err.text);
    if (part != -1 && part != PEL_UPGRADE_TRIAL)
        return supervise(env, legacy_fd);
    pel_reading_fini(&env->first);
    return part == -1 ? EXIT_FAILURE : EXIT_SUCCESS;
}
