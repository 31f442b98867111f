#include "baton.h"

#include "conn.h"
#include "h1.h"

static void run_ready(struct pel_loop *loop)
{
    struct pel_request *rq;

    while ((rq = pel_loop_pop_ready(loop))) {
        struct pel_conn *c = pel_h1_of(rq)->conn;

        pel_h1_start(pel_h1_of(rq));
        pel_conn_settle(c);
        pel_loop_publish(loop);
    }
    pel_loop_drop_refs(loop);
}

int pel_baton_run(struct pel_loop *loop, struct pel_err *err)
{
    while (!loop->is_stopped) {
        Py_BEGIN_ALLOW_THREADS pel_loop_turn(loop, true);
        Py_END_ALLOW_THREADS run_ready(loop);
        PyErr_CheckSignals();
    }
    return 0;
}

void pel_baton_stop(struct pel_loop *loop)
{
    loop->is_stopped = true;
}
