#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "generation.h"
#include "handoff.h"
#include "member.h"
#include "pellucid/log.h"
#include "pellucid/mem.h"
#include "pellucid/time.h"
#include "recycle.h"
#include "report.h"
#include "seat.h"
#include "settle.h"
#include "state.h"

/* Beyond graceful_timeout: for the worker to cut what is left and say so. */
#define DRAIN_MARGIN_NS PEL_NS_PER_SEC
/* For lifespan shutdown, atexit and threads, once no request is left (or the start has failed). */
#define FINISH_NS (10 * PEL_NS_PER_SEC)
/* For a worker whose control socket is closed, though it was not told to leave. */
#define DEAF_NS (5 * PEL_NS_PER_SEC)

static void set_slot(struct pel_member *m, enum pel_slot_state state)
{
    atomic_store_explicit(&pel_member_slot(m)->state, state, memory_order_relaxed);
}

static void set_deadline(struct pel_member *m, uint64_t after_ns)
{
    pel_deadline_set(&m->sv->deadlines, &m->deadline, after_ns);
}

static uint64_t ns_of_ms(int64_t ms)
{
    return (uint64_t)ms * PEL_NS_PER_MS;
}

/* --- ways to end it --- */

static void signal_member(struct pel_member *m, int sig)
{
    if (m->pidfd != -1 && pidfd_send_signal(m->pidfd, sig, NULL, 0) == -1 && errno != ESRCH)
        pel_log(PEL_LOG_WORKER_UNREACHABLE, "cannot signal worker %u (pid %d): %m", m->slot,
                (int)m->pid);
}

void pel_member_kill(struct pel_member *m, enum pel_end why)
{
    m->is_killed = true;
    m->end = why;
    if (m->pidfd == -1)
        pel_role_kill(&m->gen->template); /* which has not answered SPAWN for so long */
    signal_member(m, SIGKILL);
}

static void on_overdue(struct pel_deadline *d)
{
    struct pel_member *m = PEL_CONTAINER_OF(d, struct pel_member, deadline);
    const struct pel_conf *conf = pel_generation_conf(m->gen);
    enum pel_end end = PEL_END_GRACEFUL_TIMEOUT;
    char why[128];

    switch (m->state) {
    case PEL_MEMBER_SPAWNING:
    case PEL_MEMBER_STARTING:
        end = PEL_END_STARTUP_TIMEOUT;
        snprintf(why, sizeof(why), "not ready after %g s (server.startup_timeout)",
                 (double)conf->server_startup_timeout_ms / 1e3);
        break;
    case PEL_MEMBER_READY:
        end = PEL_END_UNRESPONSIVE;
        snprintf(why, sizeof(why), "its control socket is closed");
        break;
    case PEL_MEMBER_DRAINING:
        snprintf(why, sizeof(why), "not finished after %g s (server.graceful_timeout)",
                 (double)conf->server_graceful_timeout_ms / 1e3);
        break;
    default:
        snprintf(why, sizeof(why), "did not exit within %llu s of its %s",
                 FINISH_NS / PEL_NS_PER_SEC, m->has_failed ? "failure" : "last request");
    }
    pel_log(PEL_LOG_WORKER_KILLED, "worker %u (pid %d) is killed: %s", m->slot, (int)m->pid, why);
    pel_report_running(m);
    pel_member_kill(m, end);
    if (m->state <= PEL_MEMBER_STARTING)
        pel_generation_start_failed(m->gen, why);
}

/* Its seat, if it still has one, does without it. */
static void leave_seat(struct pel_member *m)
{
    struct pel_seat *seat = m->seat;

    m->seat = NULL;
    if (seat && seat->holder == m)
        seat->holder = NULL;
    if (seat && seat->heir == m)
        seat->heir = NULL;
}

void pel_member_drain(struct pel_member *m, enum pel_end why)
{
    const struct pel_conf *conf = pel_generation_conf(m->gen);
    struct pel_msg msg = {.type = PEL_MSG_DRAIN, .slot = m->slot, .pid = m->pid};
    bool has_started = m->state == PEL_MEMBER_READY;

    if (m->state >= PEL_MEMBER_DRAINING)
        return;
    m->end = why;
    leave_seat(m);
    pel_list_remove(&m->queue);
    snprintf(msg.text, sizeof(msg.text), "%s", pel_end_word(why));
    /* In the middle of its import it does not read the word but dies of the signal; from then on
     * it takes either for the other. */
    if (pel_channel_send(&m->channel, &msg, -1) == -1 || !has_started)
        signal_member(m, SIGTERM);
    m->state = PEL_MEMBER_DRAINING;
    set_slot(m, PEL_SLOT_DRAINING);
    set_deadline(m, ns_of_ms(conf->server_graceful_timeout_ms) + DRAIN_MARGIN_NS);
}

/* --- what it says --- */

static void start_known(struct pel_member *m, pid_t pid, int pidfd)
{
    m->pid = pid;
    m->pidfd = pidfd;
    atomic_store_explicit(&pel_member_slot(m)->pid, pid, memory_order_relaxed);
    if (m->state == PEL_MEMBER_SPAWNING)
        m->state = PEL_MEMBER_STARTING;
    else
        signal_member(m, SIGTERM); /* dismissed meanwhile */
}

static void on_ready(struct pel_member *m)
{
    struct pel_shm_slot *slot = pel_member_slot(m);

    if (m->state != PEL_MEMBER_STARTING)
        return;
    pel_deadline_cancel(&m->deadline);
    m->state = PEL_MEMBER_READY;
    m->ready_ns = pel_now_ns();
    atomic_store_explicit(&slot->ready_ns, m->ready_ns, memory_order_relaxed);
    set_slot(m, PEL_SLOT_READY);
    pel_log(PEL_LOG_WORKER_READY, "worker %u (pid %d) is ready after %.3f s", m->slot, (int)m->pid,
            (double)(m->ready_ns - m->spawned_ns) / 1e9);
    pel_seat_taken(m->seat, m);
    pel_generation_worker_ready(m->gen);
}

static void on_failed(struct pel_member *m, const struct pel_msg *msg, int fd)
{
    char who[32];

    if (m->state >= PEL_MEMBER_DRAINING)
        return;
    snprintf(who, sizeof(who), "worker %u", m->slot);
    pel_report_failure(m->gen, who, msg->text, fd);
    m->has_failed = true;
    m->state = PEL_MEMBER_FINISHING;
    set_deadline(m, FINISH_NS);
    pel_generation_start_failed(m->gen, msg->text);
}

static void on_drained(struct pel_member *m)
{
    if (m->state != PEL_MEMBER_DRAINING)
        return;
    m->state = PEL_MEMBER_FINISHING;
    set_deadline(m, FINISH_NS);
}

static void on_message(struct pel_channel *ch, const struct pel_msg *msg, int fd)
{
    struct pel_member *m = PEL_CONTAINER_OF(ch, struct pel_member, channel);

    /* Its word was faster than that of its template, or the template died before it. */
    if (!m->pid && msg->pid > 0)
        start_known(m, msg->pid, pidfd_open(msg->pid, 0));
    switch (msg->type) {
    case PEL_MSG_READY:
        on_ready(m);
        break;
    case PEL_MSG_FAILED:
        on_failed(m, msg, fd);
        break;
    case PEL_MSG_RECYCLE:
        pel_recycle_wanted(m, msg->text);
        break;
    case PEL_MSG_DRAINED:
        on_drained(m);
        break;
    case PEL_MSG_HANDOFF:
        pel_handoff(m->sv, m, msg, fd);
        return; /* fd is no longer ours */
    default:
        pel_log(PEL_LOG_MESSAGE_UNEXPECTED, "worker %u sent %s, which is not for it to send",
                m->slot, pel_msg_name(msg->type));
    }
    if (fd != -1)
        close(fd);
}

static void on_eof(struct pel_channel *ch)
{
    struct pel_member *m = PEL_CONTAINER_OF(ch, struct pel_member, channel);

    if (!m->pid && !m->gen->template.pid)
        pel_member_ended(m, PEL_STATUS_UNKNOWN); /* the template died before it forked */
    else if (m->state == PEL_MEMBER_STARTING || m->state == PEL_MEMBER_READY)
        set_deadline(m, DEAF_NS); /* usually dead: then the reaper is faster */
}

/* --- from SPAWN to the end --- */

void pel_members_init(struct pel_supervisor *sv)
{
    sv->n_members = sv->shm.n_slots;
    sv->members = pel_mem_new(sv->n_members, sizeof(*sv->members));
    for (unsigned i = 0; i < sv->n_members; i++) {
        struct pel_member *m = &sv->members[i];

        *m = (struct pel_member){.sv = sv, .slot = i, .pidfd = -1};
        pel_channel_init(&m->channel, on_message, on_eof);
        pel_deadline_init(&m->deadline, on_overdue);
        pel_list_init(&m->queue);
    }
}

void pel_members_fini(struct pel_supervisor *sv)
{
    free(sv->members);
    sv->members = NULL;
}

static struct pel_member *free_member(struct pel_supervisor *sv)
{
    for (unsigned i = 0; i < sv->n_members; i++)
        if (sv->members[i].state == PEL_MEMBER_NONE)
            return &sv->members[i];
    return NULL;
}

static int send_spawn(struct pel_member *m, struct pel_generation *gen)
{
    struct pel_msg msg = {.type = PEL_MSG_SPAWN, .slot = m->slot, .status = (int32_t)gen->n_wanted};
    struct pel_err err;
    int peer, rc;

    if (pel_channel_open(&m->channel, &m->sv->loop, &peer, &err) == -1) {
        pel_log(PEL_LOG_WORKER_NOT_STARTED, "cannot start worker %u: %s", m->slot, err.text);
        return -1;
    }
    rc = pel_channel_send(&gen->template.channel, &msg, peer);
    close(peer);
    if (rc == -1)
        pel_channel_close(&m->channel);
    return rc;
}

struct pel_member *pel_member_spawn(struct pel_seat *seat)
{
    struct pel_generation *gen = seat->gen;
    struct pel_member *m = free_member(gen->sv);
    struct pel_shm_slot *slot;

    if (!m || send_spawn(m, gen) == -1)
        return NULL;
    m->state = PEL_MEMBER_SPAWNING;
    m->gen = gen;
    m->seat = seat;
    m->spawned_ns = pel_now_ns();
    m->ready_ns = 0;
    m->end = PEL_END_UNKNOWN;
    m->is_killed = m->has_failed = false;
    gen->n_members++;
    slot = pel_member_slot(m);
    atomic_store_explicit(&slot->generation, gen->number, memory_order_relaxed);
    atomic_store_explicit(&slot->started_ns, m->spawned_ns, memory_order_relaxed);
    atomic_store_explicit(&slot->ready_ns, 0, memory_order_relaxed);
    set_slot(m, PEL_SLOT_STARTING);
    atomic_fetch_add_explicit(&m->sv->shm.header->worker_starts, 1, memory_order_relaxed);
    set_deadline(m, ns_of_ms(pel_generation_conf(gen)->server_startup_timeout_ms));
    return m;
}

void pel_member_spawned(struct pel_generation *gen, const struct pel_msg *msg, int pidfd)
{
    struct pel_member *m = msg->slot < gen->sv->n_members ? &gen->sv->members[msg->slot] : NULL;

    if (m && m->gen == gen && !m->pid && msg->pid > 0) {
        start_known(m, msg->pid, pidfd);
        return;
    }
    if (m && m->gen == gen && !m->pid)
        pel_member_ended(m, PEL_STATUS_UNKNOWN); /* it could not be forked */
    if (m && m->gen == gen && m->pid == msg->pid && m->pidfd == -1) {
        m->pidfd = pidfd;
        return;
    }
    if (pidfd != -1)
        close(pidfd);
}

int pel_member_adopt(struct pel_generation *gen, const struct pel_member_legacy *legacy,
                     struct pel_err *err)
{
    struct pel_member *m = &gen->sv->members[legacy->slot];
    int64_t limit_ms = pel_generation_conf(gen)->server_graceful_timeout_ms;

    if (pel_channel_adopt(&m->channel, &m->sv->loop, legacy->control_fd, err) == -1)
        return -1;
    m->gen = gen;
    m->pid = legacy->pid;
    m->pidfd = legacy->pidfd;
    m->spawned_ns = legacy->spawned_ns;
    m->ready_ns = legacy->ready_ns;
    m->end = PEL_END_UNKNOWN;
    m->is_killed = m->has_failed = false;
    m->state = legacy->seat == -1 ? PEL_MEMBER_DRAINING : PEL_MEMBER_READY;
    gen->n_members++;
    if (legacy->seat == -1) {
        set_deadline(m, ns_of_ms(limit_ms) + DRAIN_MARGIN_NS);
        return 0;
    }
    m->seat = &gen->seats[legacy->seat];
    m->seat->holder = m;
    return 0;
}

struct pel_member *pel_member_find(struct pel_supervisor *sv, pid_t pid)
{
    for (unsigned i = 0; i < sv->n_members; i++)
        if (sv->members[i].pid == pid)
            return &sv->members[i];
    return NULL;
}

static enum pel_end end_of(const struct pel_member *m, int status)
{
    bool is_told = m->state >= PEL_MEMBER_DRAINING && pel_status_is_clean(status);
    bool is_unborn = m->state == PEL_MEMBER_DRAINING && !m->ready_ns; /* dies of our SIGTERM */

    if (m->has_failed)
        return PEL_END_START_FAILED;
    if (m->is_killed || is_told || is_unborn)
        return m->end;
    if (status == PEL_STATUS_UNKNOWN)
        return PEL_END_UNKNOWN;
    if (WIFSIGNALED(status))
        return PEL_END_SIGNAL;
    return m->ready_ns ? PEL_END_EXIT : PEL_END_START_FAILED;
}

static void count_end(struct pel_member *m, int status)
{
    struct pel_shm_header *h = m->sv->shm.header;
    bool is_clean = m->state >= PEL_MEMBER_DRAINING && pel_status_is_clean(status);
    enum pel_end end = end_of(m, status);

    atomic_fetch_add_explicit(&h->worker_ends[end], 1, memory_order_relaxed);
    if (end == PEL_END_SIGNAL)
        atomic_fetch_add_explicit(&h->worker_signals[WTERMSIG(status) % PEL_SHM_SIGNALS], 1,
                                  memory_order_relaxed);
    atomic_fetch_add_explicit(is_clean ? &h->worker_exits : &h->worker_crashes, 1,
                              memory_order_relaxed);
}

static void free_slot(struct pel_member *m)
{
    pel_channel_close(&m->channel);
    pel_deadline_cancel(&m->deadline);
    pel_list_remove(&m->queue);
    if (m->pidfd != -1)
        close(m->pidfd);
    m->pidfd = -1;
    m->pid = 0;
    m->gen = NULL;
    m->state = PEL_MEMBER_NONE;
    atomic_store_explicit(&pel_member_slot(m)->pid, 0, memory_order_relaxed);
    set_slot(m, PEL_SLOT_EMPTY);
}

static void start_failed(const struct pel_member *m, struct pel_generation *gen, int status)
{
    char how[64], why[128];

    pel_status_text(status, how, sizeof(how));
    snprintf(why, sizeof(why), "worker %u died before it was ready (%s)", m->slot, how);
    pel_generation_start_failed(gen, why);
}

void pel_member_ended(struct pel_member *m, int status)
{
    struct pel_generation *gen = m->gen;
    struct pel_seat *seat;
    uint64_t lived_ns;

    pel_channel_read(&m->channel); /* its last words, connections it gave away among them */
    if (m->state == PEL_MEMBER_NONE)
        return;                                    /* reading them was the end */
    pel_accounts_close(&m->sv->shm, m->pid, NULL); /* still open: whoever reaped it has died */
    seat = m->seat;
    lived_ns = m->ready_ns ? pel_now_ns() - m->ready_ns : 0;
    pel_report_end(m, status);
    pel_report_lost(m);
    count_end(m, status);
    leave_seat(m);
    pel_recycle_ended(m);
    free_slot(m);
    gen->n_members--;
    if (seat && !m->ready_ns)
        start_failed(m, gen, status);
    if (seat)
        pel_seat_vacated(seat, m->slot, status, lived_ns);
    pel_settle_soon(gen->sv);
}

void pel_members_orphaned(struct pel_generation *gen)
{
    struct pel_supervisor *sv = gen->sv;

    for (unsigned i = 0; i < sv->n_members; i++) {
        struct pel_member *m = &sv->members[i];

        if (m->gen != gen || m->state == PEL_MEMBER_NONE)
            continue;
        if (m->pidfd != -1 && pidfd_send_signal(m->pidfd, 0, NULL, 0) == -1 && errno == ESRCH)
            pel_member_ended(m, PEL_STATUS_UNKNOWN); /* it was reaped, but nobody told us */
        else if (!m->pid && !pel_channel_is_open(&m->channel))
            pel_member_ended(m, PEL_STATUS_UNKNOWN);
    }
}

unsigned pel_members_ready(const struct pel_supervisor *sv)
{
    unsigned n = 0;

    for (unsigned i = 0; i < sv->n_members; i++)
        n += sv->members[i].state == PEL_MEMBER_READY;
    return n;
}
