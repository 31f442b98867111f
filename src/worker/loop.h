/*
 * loop - what the parts of a worker share: the libuv loop, its connections, the queue of requests.
 *
 * One a worker. Whoever holds the loop may touch it: in threaded mode the thread that has the baton
 * (baton.h), which runs it WITHOUT the GIL; in loop mode (ASGI) the one thread, always WITH the GIL
 * (nested.h). The callbacks are the same code in both, so no callback touches a Python object:
 * references that end there go to pel_loop_drop_ref and are dropped by pel_loop_drop_refs.
 *
 * A connection belongs to the loop, or to the thread that answers its request (conn.h). Other
 * threads touch nothing here but the atomic fields.
 */
#ifndef PELLUCID_WORKER_LOOP_H
#define PELLUCID_WORKER_LOOP_H

#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

#include "pellucid/conf.h"
#include "pellucid/gateway.h"
#include "pellucid/list.h"
#include "pellucid/probe.h"
#include "pellucid/shm.h"
#include "pellucid/time.h"
#include "pellucid/worker.h"
#include "wave.h"
#include "wheel.h"

struct pel_conn;
struct pel_control;
struct pel_h1;
struct pel_port;

enum pel_timeout {
    PEL_TIMEOUT_HEADER = 0,
    PEL_TIMEOUT_BODY,
    PEL_TIMEOUT_WRITE,
    PEL_TIMEOUT_KEEPALIVE,
    PEL_TIMEOUT_LINGER, /* of a connection that only waits for the client to read the last answer */
    PEL_TIMEOUT_HOLD,   /* of a body on its way to a worker with one thread */
    PEL_TIMEOUT_N
};

struct pel_loop {
    uv_loop_t uv;
    uv_timer_t timer;        /* for the next deadline on the wheel */
    uv_timer_t accept_timer; /* ends a pause in accepting; port.c */
    uv_timer_t flush_timer;  /* for records that the probes held back */
    uv_async_t async;        /* wakes a sleeping poll */
    uint64_t timer_ns;       /* when timer fires; PEL_WHEEL_NEVER = not armed */
    uint64_t now_ns;         /* the last reading of the clock */
    uint64_t turned_ns;      /* when the last turn ended */
    uint64_t gcstats_ns;     /* when the next look is due: gcstats.h */
    bool is_now_old;         /* no reading since the poll returned */
    bool is_threaded;        /* the mode of the gateway */
    unsigned threads;        /* application threads; 1 in loop mode */
    const struct pel_worker_env *env;
    const struct pel_conf *conf;
    const struct pel_gateway *gateway;
    struct pel_probes *probes;
    struct pel_shm_slot *slot;

    struct pel_period periods[PEL_TIMEOUT_N];
    struct pel_wheel wheel;
    struct pel_list conns; /* all of them */
    size_t n_conns;
    struct pel_control *control; /* NULL while it is not open */
    struct pel_port *ports;      /* listening sockets; port.h */
    size_t n_ports;
    bool is_stopped; /* the worker is done with it */
    /* Read by any thread. Draining: no new connections, requests in flight are finished. Closing:
     * responses say so, because the connections cannot be handed over. */
    _Atomic bool is_draining, closes_connections;

    struct pel_list ready; /* complete requests for the app, oldest first */
    size_t n_ready;
    size_t n_fresh; /* found by the present turn */

    struct pel_list holding; /* connections whose bodies wait for a place with the app */
    _Atomic unsigned n_holding;
    _Atomic unsigned n_incomplete; /* requests with the app whose bodies are still coming */

    /* Connections that threads give back; a stack, newest first. */
    _Atomic(struct pel_conn *) inbox;
    _Atomic bool is_polling; /* a wake-up is needed to be heard */
    _Atomic bool is_woken;   /* do not sleep */

    /* Called (loop held) when the loop must run again though no descriptor says so; nested.c sets
     * it, threaded mode leaves it NULL. */
    void (*kick)(struct pel_loop *loop);

    void **refs; /* Python objects to drop, with the GIL */
    size_t n_refs, refs_cap;

    struct pel_wave wave; /* last: it is large, and not cleared */
};

/* Prepares everything but the ports. 0, or -1 with err. */
int pel_loop_init(struct pel_loop *loop, const struct pel_worker_env *env,
                  const struct pel_gateway *gateway, struct pel_probes *probes,
                  struct pel_err *err);
/* Closes what is left: connections, handles. GIL held, loop held, no thread answers any more. */
void pel_loop_fini(struct pel_loop *loop);

/* The time of this turn, read at most once between two polls. */
static inline uint64_t pel_loop_now(struct pel_loop *loop)
{
    if (loop->is_now_old) {
        loop->now_ns = pel_now_ns();
        loop->is_now_old = false;
    }
    return loop->now_ns;
}

/* Reads the clock: for the moment after some work, from which the next work counts. */
static inline uint64_t pel_loop_tick(struct pel_loop *loop)
{
    loop->is_now_old = false;
    return loop->now_ns = pel_now_ns();
}

/*
 * One turn: what threads gave back, then one uv_run, then what came due. may_sleep: the poll waits
 * for something to happen (threaded mode); otherwise it only looks. Found requests are in the ready
 * queue afterwards. Loop held; the GIL as the mode has it.
 */
void pel_loop_turn(struct pel_loop *loop, bool may_sleep);

/* The gauge of requests that wait for a thread. */
static inline void pel_loop_show_queue(const struct pel_loop *loop, size_t n)
{
    atomic_store_explicit(&loop->slot->metrics[PEL_METRIC_REQUESTS_QUEUED], n,
                          memory_order_relaxed);
}

/* A request waits for the app, behind the others. Loop held. */
void pel_loop_push_ready(struct pel_loop *loop, struct pel_request *rq);
/* The next request for the app, or NULL. Loop held. */
struct pel_request *pel_loop_pop_ready(struct pel_loop *loop);
/* The same, which stays where it is; there is one. */
static inline struct pel_request *pel_loop_next_ready(const struct pel_loop *loop)
{
    return PEL_CONTAINER_OF(loop->ready.next, struct pel_request, ready);
}

/* Ends the run of the baton, or of the outer loop, when the present turn is over. */
void pel_loop_stop(struct pel_loop *loop);

/* Lets the probes write what they have collected; loop held. Before the loop sleeps. */
void pel_loop_flush(struct pel_loop *loop);

/* Wakes the loop from its poll. Any thread. */
void pel_loop_wake(struct pel_loop *loop);

/* An object to Py_DECREF soon; loop held. */
void pel_loop_drop_ref(struct pel_loop *loop, void *object);
/* Drops them: GIL and loop held. */
void pel_loop_drop_refs(struct pel_loop *loop);

#endif
