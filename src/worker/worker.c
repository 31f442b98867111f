#include "pellucid/worker.h"

#include <stdlib.h>

#include "baton.h"
#include "control.h"
#include "gcstats.h"
#include "h1.h"
#include "loop.h"
#include "nested.h"
#include "outer.h"
#include "pellucid/arena.h"
#include "pellucid/gilwait.h"
#include "pellucid/log.h"
#include "pellucid/mem.h"
#include "port.h"

/* Of the worker as a whole; made and taken down in this order. */
struct worker {
    const struct pel_worker_env *env;
    const struct pel_gateway *gateway;
    struct pel_probes *probes;
    struct pel_loop *loop;
    struct pel_control control;
    PyObject *outer;  /* borrowed; NULL in threaded mode */
    unsigned n_stuck; /* threads that the app did not let go in time */
};

static int run_open(struct worker *w, struct pel_err *err)
{
    int rc = pel_ports_open(w->loop, err);

    if (rc != 0)
        return -1;
    pel_gcstats_open(w->loop);
    pel_control_send(&w->control, PEL_MSG_READY, "", -1);
    rc = w->loop->is_threaded ? pel_baton_run(w->loop, &w->n_stuck, err) : pel_nested_run(err);
    pel_gcstats_close(w->loop);
    pel_control_send(&w->control, PEL_MSG_DRAINED, "", -1);
    return rc;
}

static int serve(struct worker *w, struct pel_err *err)
{
    int rc = pel_control_open(&w->control, w->loop, err);

    if (rc == 0)
        rc = run_open(w, err);
    if (w->n_stuck == 0)
        pel_control_close(&w->control);
    return rc;
}

static int run_gateway(struct worker *w, struct pel_err *err)
{
    struct pel_gateway_env env = {
        .conf = w->env->conf,
        .probes = w->probes,
        .slot = w->env->slot,
        .is_multiprocess = w->env->is_multiprocess,
        .loop = w->outer,
        .cancel_tasks = pel_outer_cancel_tasks,
    };
    int rc;

    if (w->gateway->open(&env, w->env->app, err) != 0)
        return -1;
    rc = serve(w, err);
    if (w->n_stuck == 0)
        w->gateway->close(w->control.drain.end_ns);
    return rc;
}

static int run_loop(struct worker *w, struct pel_err *err)
{
    int rc;

    if (!w->loop->is_threaded) {
        w->outer = pel_nested_open(w->loop, err);
        if (!w->outer)
            return -1;
    }
    rc = run_gateway(w, err);
    if (w->outer)
        pel_nested_close();
    return rc;
}

static int run_probed(struct worker *w, struct pel_err *err)
{
    int rc;

    w->loop = pel_mem_new(1, sizeof(*w->loop));
    rc = pel_loop_init(w->loop, w->env, w->gateway, w->probes, err);
    if (rc == 0) {
        rc = run_loop(w, err);
        if (w->n_stuck > 0)
            return rc;
        pel_loop_fini(w->loop);
    }
    free(w->loop);
    return rc;
}

static void watch_gil(void)
{
    struct pel_err err;

    if (pel_gilwait_start(&err) < 0)
        pel_log(PEL_LOG_GIL_NOT_WATCHED, "waits for the GIL: %s", err.text);
}

static int run_found(struct worker *w, struct pel_err *err)
{
    const struct pel_worker_env *env = w->env;
    int rc;

    watch_gil();
    w->gateway = pel_gateway_find(env->conf, env->app, err);
    if (!w->gateway)
        return -1;
    w->probes = pel_probes_start(env->conf, env->shm, env->slot, env->access_fd, err);
    if (!w->probes)
        return -1;
    rc = run_probed(w, err);
    if (w->n_stuck == 0)
        pel_probes_stop(w->probes);
    else
        pel_probes_flush(w->probes);
    pel_h1_trim();
    pel_arena_thread_fini();
    return rc;
}

int pel_worker_run(const struct pel_worker_env *env, struct pel_err *err)
{
    struct worker *w = pel_mem_new(1, sizeof(*w));
    int rc;

    w->env = env;
    rc = run_found(w, err);
    /* Threads that are still with the app find everything as they left it. */
    if (w->n_stuck > 0)
        return PEL_WORKER_STUCK;
    free(w);
    return rc;
}
