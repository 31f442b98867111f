#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pellucid/log.h"
#include "pellucid/mem.h"
#include "pellucid/probe.h"
#include "pellucid/proc.h"
#include "pellucid/time.h"
#include "report.h"
#include "state.h"

#define TRACEBACK_MAX (64U << 10)
#define REQUESTS_MAX 50 /* lines for one worker */

void pel_status_text(int status, char *out, size_t len)
{
    if (status == PEL_STATUS_UNKNOWN) {
        snprintf(out, len, "exit status unknown");
    } else if (WIFSIGNALED(status)) {
        char name[16];

        pel_signal_name(WTERMSIG(status), name, sizeof(name));
        snprintf(out, len, "%s%s", name, WCOREDUMP(status) ? ", core dumped" : "");
    } else {
        snprintf(out, len, "exit %d", WEXITSTATUS(status));
    }
}

/* Heap, NUL-terminated; the descriptor's position is not used. */
static char *read_text(int fd)
{
    char *text = pel_mem_new(TRACEBACK_MAX + 1, 1);
    size_t len = 0;

    while (fd != -1 && len < TRACEBACK_MAX) {
        ssize_t n = pread(fd, text + len, TRACEBACK_MAX - len, (off_t)len);

        if (n == -1 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    text[len] = '\0';
    return text;
}

void pel_report_failure(struct pel_generation *gen, const char *who, const char *why, int fd)
{
    char *text = read_text(fd), head[320];

    snprintf(head, sizeof(head), "%s could not start: %s", who, why);
    if (*text && (!gen->told || strcmp(text, gen->told) != 0))
        pel_log_block(PEL_LOG_PROCESS_FAILED, head, pel_str(text, strlen(text)));
    else
        pel_log(PEL_LOG_PROCESS_FAILED, "%s%s", head,
                *text ? " (the traceback is the same as before)" : "");
    free(gen->told);
    gen->told = text;
}

void pel_report_end(const struct pel_member *m, int status)
{
    bool was_told = m->is_killed || m->has_failed ||
                    (m->state >= PEL_MEMBER_DRAINING && pel_status_is_clean(status)) ||
                    (m->state == PEL_MEMBER_DRAINING && !m->ready_ns);
    bool may_be_oom = status != PEL_STATUS_UNKNOWN && WIFSIGNALED(status) &&
                      WTERMSIG(status) == SIGKILL && !m->is_killed;
    uint64_t lived_ns = pel_now_ns() - m->spawned_ns;
    char how[64];

    pel_status_text(status, how, sizeof(how));
    if (was_told)
        pel_log(PEL_LOG_WORKER_ENDED, "worker %u (pid %d) ended (%s)", m->slot, (int)m->pid, how);
    else
        pel_log(PEL_LOG_WORKER_DIED, "worker %u (pid %d) died after %.1f s (%s%s)%s", m->slot,
                (int)m->pid, (double)lived_ns / 1e9, how, may_be_oom ? "; out of memory?" : "",
                m->state >= PEL_MEMBER_DRAINING ? " while it drained" : "");
}

/* Where report_one stands. */
struct listing {
    const struct pel_member *m;
    const char *what;
    uint64_t now_ns;
    unsigned n;
};

static void trace_text(const uint8_t id[16], char out[33])
{
    for (int i = 0; i < 16; i++)
        snprintf(out + 2 * i, 3, "%02x", id[i]);
}

static void report_one(void *arg, const struct pel_shm_inflight *rq)
{
    struct listing *l = arg;
    uint64_t start_ns = atomic_load_explicit(&rq->start_ns, memory_order_acquire);
    uint64_t age_ns = start_ns && l->now_ns > start_ns ? l->now_ns - start_ns : 0;
    int path_len = rq->path_len < sizeof(rq->path) ? rq->path_len : (int)sizeof(rq->path);
    char trace[33];

    if (++l->n > REQUESTS_MAX)
        return;
    trace_text(rq->trace_id, trace);
    pel_log(PEL_LOG_REQUEST_LOST, "%s worker %u: %.*s %.*s, %.3f s in flight, trace %s", l->what,
            l->m->slot, (int)sizeof(rq->method), rq->method, path_len, rq->path,
            (double)age_ns / 1e9, trace);
}

static void report_rest(const struct listing *l)
{
    if (l->n > REQUESTS_MAX)
        pel_log(PEL_LOG_REQUEST_LOST, "%s worker %u: and %u more", l->what, l->m->slot,
                l->n - REQUESTS_MAX);
}

unsigned pel_report_running(const struct pel_member *m)
{
    struct listing l = {.m = m, .what = "still running in", .now_ns = pel_now_ns()};
    const struct pel_shm_slot *slot = pel_member_slot(m);

    for (size_t i = 0; i < PEL_SHM_INFLIGHT_N; i++)
        if (atomic_load_explicit(&slot->inflight[i].start_ns, memory_order_acquire))
            report_one(&l, &slot->inflight[i]);
    report_rest(&l);
    return l.n;
}

unsigned pel_report_lost(const struct pel_member *m)
{
    struct listing l = {.m = m, .what = "lost with", .now_ns = pel_now_ns()};
    unsigned n;

    /* What was killed by us has been listed already. */
    n = pel_probes_bury(&m->sv->shm, m->slot, l.now_ns, m->gen->access_fd,
                        m->is_killed ? NULL : report_one, &l);
    report_rest(&l);
    return n;
}
