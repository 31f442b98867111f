#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "access.h"
#include "cpus.h"
#include "generation.h"
#include "member.h"
#include "pellucid/log.h"
#include "pellucid/logline.h"
#include "pellucid/mem.h"
#include "pellucid/time.h"
#include "reload.h"
#include "report.h"
#include "seat.h"
#include "settle.h"
#include "state.h"
#include "stop.h"

#define TEMPLATE_GRACE_NS (2 * PEL_NS_PER_SEC)

static struct pel_generation *of_role(struct pel_role *role)
{
    return PEL_CONTAINER_OF(role, struct pel_generation, template);
}

/* --- its template --- */

static const char *template_doc(struct pel_role *role)
{
    return of_role(role)->reading.doc;
}

static void add_template_args(struct pel_role *role, struct pel_command *cmd)
{
    struct pel_supervisor *sv = role->sv;
    int *fds = pel_mem_new(sv->listeners.n, sizeof(*fds));

    for (size_t i = 0; i < sv->listeners.n; i++)
        fds[i] = sv->listeners.items[i].fd;
    pel_command_add_fd(cmd, "--shm", sv->shm.fd);
    pel_command_add_fd(cmd, "--event", sv->shm.event_fd);
    pel_command_add_fd(cmd, "--access", of_role(role)->access_fd);
    pel_command_add_fds(cmd, "--listen", fds, sv->listeners.n);
    free(fds);
}

static void on_template_ready(struct pel_generation *gen)
{
    if (gen->template.is_stopping)
        return;
    pel_deadline_cancel(&gen->template.deadline);
    gen->is_template_ready = gen->was_template_ready = true;
    pel_seats_fill(gen);
    pel_settle_soon(gen->sv);
}

/* Beside what the supervisor itself logs: the ring has one writer. */
static void note_line(struct pel_shm *shm, const struct pel_msg *msg)
{
    if (msg->status < 0 || msg->status >= PEL_LOG_N)
        return;
    pel_logline_write(&shm->header->ring,
                      &(struct pel_log_event){.entry = (enum pel_log_entry)msg->status,
                                              .message = pel_str(msg->text, strlen(msg->text))},
                      shm->header->instance_id, msg->pid);
    pel_ring_poke(shm, &shm->header->ring);
}

static void on_template_message(struct pel_channel *ch, const struct pel_msg *msg, int fd)
{
    struct pel_generation *gen = of_role(PEL_CONTAINER_OF(ch, struct pel_role, channel));
    struct pel_member *m;

    switch (msg->type) {
    case PEL_MSG_TEMPLATE_READY:
        on_template_ready(gen);
        break;
    case PEL_MSG_TEMPLATE_FAILED:
        pel_report_failure(gen, "the app", msg->text, fd);
        pel_generation_start_failed(gen, msg->text);
        break;
    case PEL_MSG_SPAWNED:
        pel_member_spawned(gen, msg, fd);
        return; /* fd is no longer ours */
    case PEL_MSG_EXITED:
        m = pel_member_find(gen->sv, msg->pid);
        if (m && m->gen == gen)
            pel_member_ended(m, msg->status);
        break;
    case PEL_MSG_SAID:
        note_line(&gen->sv->shm, msg);
        break;
    default:
        pel_log(PEL_LOG_MESSAGE_UNEXPECTED, "the template sent %s, which is not for it to send",
                pel_msg_name(msg->type));
    }
    if (fd != -1)
        close(fd);
}

static void on_template_exit(struct pel_role *role, int status)
{
    struct pel_generation *gen = of_role(role);
    char how[64], why[128];

    gen->is_template_ready = false;
    pel_members_orphaned(gen);
    pel_settle_soon(gen->sv);
    if (!gen->was_template_ready) {
        pel_status_text(status, how, sizeof(how));
        snprintf(why, sizeof(why), "the template died before it was ready (%s)", how);
        pel_generation_start_failed(gen, why);
    }
    if (gen->state != PEL_GENERATION_RETIRING)
        pel_role_restart_later(role, status);
}

static int start_template(struct pel_generation *gen, struct pel_err *err)
{
    int64_t limit_ms = pel_generation_conf(gen)->server_startup_timeout_ms;

    if (pel_role_start(&gen->template, err) == -1)
        return -1;
    pel_deadline_set(&gen->sv->deadlines, &gen->template.deadline,
                     (uint64_t)limit_ms * PEL_NS_PER_MS);
    return 0;
}

static void restart_template(struct pel_role *role)
{
    struct pel_err err;

    if (start_template(of_role(role), &err) == 0)
        return;
    pel_log(PEL_LOG_TEMPLATE_NOT_STARTED, "cannot start a template: %s", err.text);
    role->started_ns = pel_now_ns();
    pel_role_restart_later(role, PEL_STATUS_UNKNOWN);
}

static const struct pel_role_kind template_kind = {
    .role = PEL_PROCESS_TEMPLATE,
    .module = "pellucid.template",
    .add_args = add_template_args,
    .doc = template_doc,
    .on_message = on_template_message,
    .on_exit = on_template_exit,
    .restart = restart_template,
};

/* --- its life --- */

struct pel_generation *pel_generation_new(struct pel_supervisor *sv, struct pel_reading reading,
                                          struct pel_err *err)
{
    struct pel_generation *gen = pel_mem_new(1, sizeof(*gen));
    int64_t workers = reading.conf->server_workers;

    gen->sv = sv;
    gen->number = ++sv->n_generations;
    gen->reading = reading;
    gen->access_fd = -1;
    gen->n_wanted = workers ? (unsigned)workers : pel_cpus_usable("");
    pel_list_init(&gen->link);
    pel_role_init(&gen->template, &template_kind, sv);
    pel_seats_init(gen);
    if (gen->n_wanted > sv->n_seats_max)
        pel_err_set(err, "server.workers: more than %u workers need a restart", sv->n_seats_max);
    else if (pel_access_open(reading.conf->http_access_log, &gen->access_fd, err) == 0)
        return gen;
    pel_generation_free(gen);
    return NULL;
}

int pel_generation_start(struct pel_generation *gen, struct pel_err *err)
{
    pel_list_push_tail(&gen->sv->generations, &gen->link);
    return start_template(gen, err);
}

void pel_generation_resume(struct pel_generation *gen)
{
    gen->state = PEL_GENERATION_SERVING;
    gen->is_template_ready = gen->was_template_ready = true;
    pel_list_push_tail(&gen->sv->generations, &gen->link);
}

static void serve(struct pel_generation *gen)
{
    struct pel_supervisor *sv = gen->sv;
    struct pel_generation *old = sv->current;

    gen->state = PEL_GENERATION_SERVING;
    sv->current = gen;
    sv->next = NULL;
    atomic_store_explicit(&sv->shm.header->generation, gen->number, memory_order_relaxed);
    atomic_store_explicit(&sv->shm.header->workers_wanted, gen->n_wanted, memory_order_relaxed);
    pel_log(PEL_LOG_GENERATION_SERVES, "generation %u serves %s with %u worker%s", gen->number,
            pel_generation_conf(gen)->server_app, gen->n_wanted, gen->n_wanted == 1 ? "" : "s");
    if (old)
        pel_generation_retire(old, PEL_END_RELOAD);
    pel_reload_ended(sv, true);
    pel_settle_soon(sv);
}

void pel_generation_worker_ready(struct pel_generation *gen)
{
    if (gen->state == PEL_GENERATION_STARTING && pel_seats_are_ready(gen))
        serve(gen);
    pel_settle_soon(gen->sv);
}

void pel_generation_start_failed(struct pel_generation *gen, const char *why)
{
    struct pel_supervisor *sv = gen->sv;

    if (gen->state != PEL_GENERATION_STARTING)
        return;
    sv->next = NULL;
    if (!sv->current) {
        pel_log(PEL_LOG_START_FAILED, "the server could not start: %s", why);
        pel_stop(sv, EXIT_FAILURE);
        return;
    }
    pel_log(PEL_LOG_RELOAD_FAILED, "reload failed: %s; generation %u goes on", why,
            sv->current->number);
    pel_generation_retire(gen, PEL_END_START_FAILED);
    pel_reload_ended(sv, false);
}

void pel_generation_retire(struct pel_generation *gen, enum pel_end why)
{
    struct pel_supervisor *sv = gen->sv;

    if (gen->state == PEL_GENERATION_RETIRING)
        return;
    gen->state = PEL_GENERATION_RETIRING;
    for (unsigned i = 0; i < sv->n_seats_max; i++)
        pel_deadline_cancel(&gen->seats[i].retry);
    for (unsigned i = 0; i < sv->n_members; i++)
        if (sv->members[i].gen == gen)
            pel_member_drain(&sv->members[i], why);
    pel_settle_soon(sv);
}

static bool has_unborn_members(const struct pel_generation *gen)
{
    const struct pel_supervisor *sv = gen->sv;

    for (unsigned i = 0; i < sv->n_members; i++)
        if (sv->members[i].gen == gen && !sv->members[i].pid)
            return true;
    return false;
}

void pel_generation_advance(struct pel_generation *gen)
{
    if (gen->state != PEL_GENERATION_RETIRING)
        pel_seats_fill(gen);
    else if (!gen->template.is_stopping && !has_unborn_members(gen))
        pel_role_stop(&gen->template, TEMPLATE_GRACE_NS);
}

bool pel_generation_is_empty(const struct pel_generation *gen)
{
    return gen->state == PEL_GENERATION_RETIRING && !gen->n_members && !gen->template.pid;
}

void pel_generation_free(struct pel_generation *gen)
{
    PEL_ASSERT(!gen->template.pid);
    pel_deadline_cancel(&gen->template.deadline);
    pel_list_remove(&gen->link);
    pel_seats_fini(gen);
    if (gen->access_fd != -1)
        close(gen->access_fd);
    pel_reading_fini(&gen->reading);
    free(gen->told);
    free(gen);
}
