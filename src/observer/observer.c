#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "admin.h"
#include "drain.h"
#include "exemplars.h"
#include "exporter.h"
#include "footprint.h"
#include "held.h"
#include "metrics_exporter.h"
#include "ownlog.h"
#include "pellucid/conf.h"
#include "pellucid/ipc.h"
#include "pellucid/log.h"
#include "pellucid/observer.h"
#include "pellucid/time.h"
#include "recent.h"
#include "window.h"

#define N_EXPORTERS 3

struct observer {
    const struct pel_observer_env *env;
    uv_loop_t loop;
    uv_signal_t signals[2]; /* SIGTERM, SIGINT */
    uv_poll_t control;
    struct pel_drain drain;
    struct pel_recent recent;
    struct pel_window window;
    struct pel_exemplars exemplars;
    struct pel_footprint footprint;
    struct pel_exporter exporter, logs; /* of spans, of log records */
    struct pel_metrics_exporter metrics;
    struct pel_ownlog own;
    unsigned n_stopped; /* of N_EXPORTERS */
    struct pel_admin admin;
    struct pel_view view;
    struct pel_arena scratch; /* of the span being encoded */
    struct pel_held held;
    uint32_t keeps; /* of enum pel_span_flag */
    bool is_stopping;
};

static void close_all(struct observer *ob)
{
    pel_exporter_close(&ob->exporter);
    pel_exporter_close(&ob->logs);
    pel_metrics_exporter_close(&ob->metrics);
    pel_admin_close(&ob->admin);
    pel_ownlog_stop(&ob->own);
    pel_drain_stop(&ob->drain);
    pel_held_stop(&ob->held);
    pel_window_stop(&ob->window);
    for (size_t i = 0; i < PEL_ARRAY_LEN(ob->signals); i++)
        uv_close((uv_handle_t *)&ob->signals[i], NULL);
    if (ob->env->control_fd >= 0)
        uv_close((uv_handle_t *)&ob->control, NULL);
}

static void exporter_stopped(struct observer *ob)
{
    if (++ob->n_stopped == N_EXPORTERS)
        close_all(ob);
}

static void on_spans_stopped(struct pel_exporter *x)
{
    exporter_stopped(PEL_CONTAINER_OF(x, struct observer, exporter));
}

static void on_logs_stopped(struct pel_exporter *x)
{
    exporter_stopped(PEL_CONTAINER_OF(x, struct observer, logs));
}

static void on_metrics_stopped(struct pel_metrics_exporter *x)
{
    exporter_stopped(PEL_CONTAINER_OF(x, struct observer, metrics));
}

/* Workers are gone by now, or will be: what they wrote is read, then everything goes out. */
static void stop(struct observer *ob)
{
    if (ob->is_stopping)
        return;
    ob->is_stopping = true;
    pel_drain_turn(&ob->drain);
    pel_held_flush(&ob->held);
    pel_exporter_stop(&ob->exporter, PEL_OBSERVER_FLUSH_MS, on_spans_stopped);
    pel_exporter_stop(&ob->logs, PEL_OBSERVER_FLUSH_MS, on_logs_stopped);
    pel_metrics_exporter_stop(&ob->metrics, PEL_OBSERVER_FLUSH_MS, on_metrics_stopped);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct observer *ob = handle->data;

    /* A terminal and systemd signal every process at once; the workers still have spans to write.
     */
    if (ob->env->control_fd < 0)
        stop(ob);
}

static void on_control(uv_poll_t *handle, int status, int events)
{
    struct observer *ob = handle->data;
    struct pel_msg msg;
    int fd, rc;

    do {
        rc = pel_ipc_recv(ob->env->control_fd, &msg, &fd);
        if (rc == 1 && fd >= 0) {
            if (msg.type == PEL_MSG_REOPEN_LOG)
                pel_log_take(fd);
            close(fd);
        }
    } while (rc == 1);
    if (rc == 0) {
        uv_poll_stop(&ob->control);
        stop(ob);
    }
}

static void on_span(struct pel_drain *d, unsigned slot, const struct pel_span_entry *e)
{
    struct observer *ob = PEL_CONTAINER_OF(d, struct observer, drain);
    bool is_kept;

    pel_recent_add(&ob->recent, e, slot, d->wall_offset_ns);
    /* Spans of dead workers are written by the supervisor, which does not know what is kept. */
    is_kept = pel_span_is_kept(e->flags, ob->keeps);
    if (is_kept)
        pel_exemplars_add(&ob->exemplars, e, d->wall_offset_ns);
    if (!ob->exporter.is_enabled)
        return;
    if (is_kept)
        pel_exporter_push(&ob->exporter, pel_encode_span(e, slot, d->wall_offset_ns, &ob->scratch),
                          d->now_ns);
    else if (e->flags & ob->keeps & PEL_SPAN_SLOWEST)
        pel_held_add(&ob->held, e, slot, d->wall_offset_ns, &ob->scratch);
    pel_arena_reset(&ob->scratch);
}

static void on_held(struct pel_held *h, struct pel_export_node *node)
{
    struct observer *ob = PEL_CONTAINER_OF(h, struct observer, held);

    if (node)
        pel_exporter_push(&ob->exporter, node, pel_now_ns());
    else
        pel_exporter_pump(&ob->exporter);
}

static void on_child(struct pel_drain *d, const struct pel_child_entry *e)
{
    struct observer *ob = PEL_CONTAINER_OF(d, struct observer, drain);

    pel_recent_add_child(&ob->recent, e);
    if (!ob->exporter.is_enabled)
        return;
    pel_exporter_push(&ob->exporter, pel_encode_child(e, d->wall_offset_ns), d->now_ns);
}

static void on_logline(struct pel_drain *d, const struct pel_logline_entry *e)
{
    struct observer *ob = PEL_CONTAINER_OF(d, struct observer, drain);

    if (!ob->logs.is_enabled)
        return;
    pel_exporter_push(&ob->logs, pel_encode_logline(e, d->now_ns + d->wall_offset_ns), d->now_ns);
}

static void on_turn(struct pel_drain *d)
{
    struct observer *ob = PEL_CONTAINER_OF(d, struct observer, drain);

    pel_exporter_pump(&ob->exporter);
    pel_exporter_pump(&ob->logs);
}

static void watch(struct observer *ob)
{
    static const int numbers[] = {SIGTERM, SIGINT};

    for (size_t i = 0; i < PEL_ARRAY_LEN(ob->signals); i++) {
        uv_signal_init(&ob->loop, &ob->signals[i]);
        ob->signals[i].data = ob;
        uv_signal_start(&ob->signals[i], on_signal, numbers[i]);
    }
    if (ob->env->control_fd < 0)
        return;
    uv_poll_init(&ob->loop, &ob->control, ob->env->control_fd);
    ob->control.data = ob;
    uv_poll_start(&ob->control, UV_READABLE, on_control);
}

static void init(struct observer *ob, const struct pel_observer_env *env)
{
    memset(ob, 0, sizeof(*ob));
    ob->env = env;
    ob->view =
        (struct pel_view){env->conf,    env->shm,    &ob->drain,  &ob->exporter,  &ob->logs,
                          &ob->metrics, &ob->recent, &ob->window, &ob->exemplars, &ob->footprint};
    ob->drain.on_span = on_span;
    ob->drain.on_child = on_child;
    ob->drain.on_logline = on_logline;
    ob->drain.on_turn = on_turn;
    pel_arena_init(&ob->scratch);
    pel_recent_init(&ob->recent);
    pel_exemplars_init(&ob->exemplars);
    pel_footprint_init(&ob->footprint, &ob->loop, env->shm);
    ob->keeps = pel_span_keeps(env->conf);
    ob->held.on_done = on_held;
    srandom((unsigned)pel_now_ns() ^ (unsigned)getpid());
}

int pel_observer_run(const struct pel_observer_env *env, struct pel_err *err)
{
    struct observer *ob = malloc(sizeof(*ob));
    int rc;

    PEL_ASSERT(ob != NULL);
    init(ob, env);
    rc = uv_loop_init(&ob->loop);
    PEL_ASSERT(rc == 0);
    watch(ob);
    pel_ownlog_start(&ob->own, &ob->loop, &ob->logs, env->shm->header);
    pel_held_start(&ob->held, &ob->loop);
    pel_drain_start(&ob->drain, &ob->loop, env->shm);
    pel_window_start(&ob->window, &ob->loop, env->shm);
    rc = pel_exporter_open(&ob->exporter, &pel_export_spans, &ob->loop, env->conf, env->shm->header,
                           err);
    if (pel_exporter_open(&ob->logs, &pel_export_logs, &ob->loop, env->conf, env->shm->header,
                          rc < 0 ? NULL : err) < 0)
        rc = -1;
    if (pel_metrics_exporter_open(&ob->metrics, &ob->loop, &ob->view, rc < 0 ? NULL : err) < 0)
        rc = -1;
    if (pel_admin_open(&ob->admin, &ob->loop, &ob->view, env->admin_fds, env->n_admin_fds,
                       rc < 0 ? NULL : err) < 0)
        rc = -1;
    if (rc < 0)
        close_all(ob);
    uv_run(&ob->loop, UV_RUN_DEFAULT);
    uv_loop_close(&ob->loop);
    pel_recent_fini(&ob->recent);
    pel_exemplars_fini(&ob->exemplars);
    pel_footprint_fini(&ob->footprint);
    pel_export_nodes_fini();
    if (env->control_fd >= 0)
        close(env->control_fd);
    free(ob);
    return rc;
}
