#include "pellucid/worker.h"

#include <stdlib.h>

#include "baton.h"
#include "control.h"
#include "h1.h"
#include "loop.h"
#include "nested.h"
#include "pellucid/mem.h"
#include "port.h"

/* Of the worker as a whole; made and taken down in this order. */
struct worker {
    const struct pel_worker_env *env;
    const struct pel_gateway *gateway;
    struct pel_probes *probes;
    struct pel_loop *loop;
    struct pel_control control;
    PyObject *outer; /* borrowed; NULL in threaded mode */
};

static void stop(struct pel_loop *loop)
{
    if (loop->is_threaded)
        pel_baton_stop(loop);
    else
        pel_nested_stop();
}

static int serve(struct worker *w, struct pel_err *err)
{
    int rc;

    if (pel_control_open(&w->control, w->loop, stop, err) != 0)
        return -1;
    rc = pel_ports_open(w->loop, err);
    if (rc == 0)
        rc = w->loop->is_threaded ? pel_baton_run(w->loop, err) : pel_nested_run(err);
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
    };
    int rc;

    if (w->gateway->open(&env, w->env->app, err) != 0)
        return -1;
    rc = serve(w, err);
    w->gateway->close();
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
        pel_loop_fini(w->loop);
    }
    free(w->loop);
    return rc;
}

int pel_worker_run(const struct pel_worker_env *env, struct pel_err *err)
{
    struct worker w = {.env = env};
    int rc;

    w.gateway = pel_gateway_find(env->conf, env->app, err);
    if (!w.gateway)
        return -1;
    w.probes = pel_probes_start(env->conf, env->shm, env->slot, env->access_fd, err);
    if (!w.probes)
        return -1;
    rc = run_probed(&w, err);
    pel_probes_stop(w.probes);
    pel_h1_trim();
    return rc;
}
