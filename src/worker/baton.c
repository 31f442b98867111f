#include "baton.h"

#include <stdlib.h>

#include "conn.h"
#include "crew.h"
#include "gcstats.h"
#include "gil.h"
#include "h1.h"
#include "pellucid/arena.h"
#include "pellucid/log.h"
#include "pellucid/mem.h"
#include "pellucid/time.h"

/* While requests wait the loop is looked at that often. */
#define TURN_NS (2 * PEL_NS_PER_MS)
/* A request that waited longer than this for something other than the CPU has blocked. */
#define BLOCKED_NS (500 * PEL_NS_PER_US)

static void take_gil(struct pel_thread *t)
{
    if (t->state)
        PyEval_RestoreThread(t->state);
    t->state = NULL;
}

/* A thread is about to take the GIL for a request. Where no other thread can have it the wait need
 * not be timed. */
static void ask_for_gil(const struct pel_thread *t, struct pel_request *rq)
{
    const struct pel_baton *b = t->baton;

    if (t->state && (atomic_load_explicit(&b->n_idle, memory_order_relaxed) + 1 < b->n_threads ||
                     atomic_load_explicit(&b->has_strangers, memory_order_relaxed)))
        pel_gil_ask(&rq->rec, pel_now_ns());
}

/* Threads that the app has started, which need the GIL, too. GIL held. */
static void look_for_strangers(struct pel_baton *b)
{
    PyThreadState *state = PyInterpreterState_ThreadHead(PyInterpreterState_Get());
    unsigned n = 0;

    for (; state; state = PyThreadState_Next(state))
        n++;
    atomic_store_explicit(&b->has_strangers, n > b->n_threads, memory_order_relaxed);
}

static void drop_gil(struct pel_thread *t)
{
    if (!t->state)
        t->state = PyEval_SaveThread();
}

bool pel_baton_take(struct pel_baton *b, uint32_t id)
{
    uint32_t owner = atomic_load_explicit(&b->owner, memory_order_relaxed);

    while (owner == 0 || (owner & PEL_BATON_LOOSE))
        if (atomic_compare_exchange_weak(&b->owner, &owner, id))
            return true;
    return false;
}

/* The holder is about to be away: whoever needs the baton may have it. */
static void loosen(struct pel_thread *t)
{
    struct pel_baton *b = t->baton;
    uint64_t n = atomic_load_explicit(&b->n_loose, memory_order_relaxed);

    atomic_store_explicit(&b->n_loose, n + 1, memory_order_relaxed);
    atomic_store(&b->owner, t->id | PEL_BATON_LOOSE);
}

/* Back again: do we still have it? */
static bool tighten(struct pel_thread *t)
{
    uint32_t owner = t->id | PEL_BATON_LOOSE;

    return atomic_compare_exchange_strong(&t->baton->owner, &owner, t->id);
}

static void call_locked(struct pel_thread *t)
{
    pel_list_remove(&t->idle);
    atomic_fetch_sub_explicit(&t->baton->n_idle, 1, memory_order_relaxed);
    t->is_called = true;
    pthread_cond_signal(&t->cond);
}

bool pel_baton_call(struct pel_baton *b)
{
    bool found;

    if (atomic_load_explicit(&b->n_idle, memory_order_relaxed) == 0)
        return false;
    pthread_mutex_lock(&b->lock);
    found = !pel_list_is_empty(&b->idle);
    if (found)
        call_locked(PEL_CONTAINER_OF(b->idle.next, struct pel_thread, idle));
    pthread_mutex_unlock(&b->lock);
    return found;
}

void pel_baton_call_main(struct pel_baton *b)
{
    pthread_mutex_lock(&b->lock);
    if (!pel_list_is_empty(&b->threads[0].idle))
        call_locked(&b->threads[0]);
    pthread_mutex_unlock(&b->lock);
}

void pel_baton_stop(struct pel_baton *b)
{
    pthread_mutex_lock(&b->lock);
    atomic_store(&b->is_stopping, true);
    while (!pel_list_is_empty(&b->idle))
        call_locked(PEL_CONTAINER_OF(b->idle.next, struct pel_thread, idle));
    pthread_mutex_unlock(&b->lock);
    pel_loop_wake(b->loop);
}

/* Is there anything for a thread that is about to idle? Looked at after it has joined the idle
 * ones, so that whoever made it so has either seen the thread or is seen by it. */
static bool is_wanted(const struct pel_thread *t)
{
    struct pel_baton *b = t->baton;
    uint32_t owner = atomic_load(&b->owner);

    if ((owner & PEL_BATON_LOOSE) && atomic_load(&b->blockiness))
        return true;
    return owner == 0 || atomic_load(&b->n_surplus) > 0 || atomic_load(&b->is_stopping) ||
           (t->id == 1 && atomic_load(&b->has_signal));
}

/* Until somebody calls. */
static void idle(struct pel_thread *t)
{
    struct pel_baton *b = t->baton;

    drop_gil(t);
    pthread_mutex_lock(&b->lock);
    t->is_called = false;
    /* The last to come is the first to be called: its memory is warm. */
    pel_list_push_tail(b->idle.next, &t->idle);
    atomic_fetch_add(&b->n_idle, 1);
    if (is_wanted(t))
        call_locked(t);
    while (!t->is_called)
        pthread_cond_wait(&t->cond, &b->lock);
    pthread_mutex_unlock(&b->lock);
}

static uint64_t cpu_ns(void)
{
    return pel_clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* When the process is short of CPU, what looks like blocking is mostly waiting for the GIL. */
static void note_app(struct pel_baton *b, bool has_blocked)
{
    unsigned blockiness = atomic_load_explicit(&b->blockiness, memory_order_relaxed);

    if (has_blocked && !atomic_load_explicit(&b->watcher.is_saturated, memory_order_relaxed))
        blockiness = PEL_BLOCKINESS_MAX;
    else if (blockiness > 0)
        blockiness--;
    atomic_store_explicit(&b->blockiness, blockiness, memory_order_relaxed);
}

/* GIL held. */
static void run_app(struct pel_thread *t, struct pel_request *rq)
{
    struct pel_baton *b = t->baton;
    unsigned blockiness = atomic_load_explicit(&b->blockiness, memory_order_relaxed);
    uint64_t wall_ns = 0, spent_ns = 0;

    if (PEL_UNLIKELY(rq->rec.gil_asked_ns))
        pel_gil_got(&rq->rec, pel_now_ns());
    if (PEL_UNLIKELY(blockiness)) {
        pel_baton_call(b);
        wall_ns = pel_now_ns();
        spent_ns = cpu_ns();
    }
    atomic_store_explicit(&t->is_in_app, true, memory_order_relaxed);
    pel_vital_add(&b->loop->slot->vitals, PEL_VITAL_THREADS_BUSY, 1);
    pel_h1_start(pel_h1_of(rq));
    pel_vital_sub(&b->loop->slot->vitals, PEL_VITAL_THREADS_BUSY, 1);
    atomic_store_explicit(&t->is_in_app, false, memory_order_relaxed);
    if (PEL_UNLIKELY(blockiness)) {
        spent_ns = cpu_ns() - spent_ns;
        wall_ns = pel_now_ns() - wall_ns;
        note_app(b, wall_ns > spent_ns + BLOCKED_NS);
    }
}

static void check_signals(struct pel_thread *t)
{
    if (t->id == 1 && atomic_exchange(&t->baton->has_signal, false)) {
        take_gil(t);
        pel_pysignal_run();
    }
}

/* One turn of the loop, without the GIL. */
static void turn(struct pel_thread *t)
{
    struct pel_loop *loop = t->baton->loop;

    drop_gil(t);
    pel_loop_turn(loop, loop->n_ready == 0);
    if (PEL_UNLIKELY(loop->n_refs)) {
        if (loop->n_ready > 0)
            ask_for_gil(t, pel_loop_next_ready(loop));
        take_gil(t);
        pel_loop_drop_refs(loop);
    }
    if (PEL_UNLIKELY(atomic_load_explicit(&t->baton->has_signal, memory_order_relaxed))) {
        if (t->id == 1)
            check_signals(t);
        else
            pel_baton_call_main(t->baton);
    }
}

void pel_baton_spare(struct pel_baton *b)
{
    struct pel_request *rq;

    pthread_mutex_lock(&b->lock);
    while ((rq = pel_loop_pop_ready(b->loop))) {
        pel_list_push_tail(&b->surplus, &rq->ready);
        atomic_fetch_add(&b->n_surplus, 1);
    }
    pel_loop_show_queue(b->loop, b->n_surplus);
    pthread_mutex_unlock(&b->lock);
}

static struct pel_request *pop_surplus(struct pel_baton *b)
{
    struct pel_list *node;

    if (atomic_load(&b->n_surplus) == 0)
        return NULL;
    pthread_mutex_lock(&b->lock);
    node = pel_list_pop(&b->surplus);
    if (node)
        pel_loop_show_queue(b->loop, atomic_fetch_sub(&b->n_surplus, 1) - 1);
    pthread_mutex_unlock(&b->lock);
    return node ? PEL_CONTAINER_OF(node, struct pel_request, ready) : NULL;
}

/* Takes the GIL. The baton is loose meanwhile: false when it was lost. */
static bool enter_python(struct pel_thread *t)
{
    if (!t->state)
        return true;
    ask_for_gil(t, pel_loop_next_ready(t->baton->loop));
    loosen(t);
    take_gil(t);
    return tighten(t);
}

/* Runs the app for the next request. False when the baton was lost meanwhile. */
static bool serve_next(struct pel_thread *t)
{
    struct pel_request *rq = pel_loop_pop_ready(t->baton->loop);
    struct pel_conn *c = pel_h1_of(rq)->conn;
    bool is_look_due = pel_gcstats_is_due(t->baton->loop);

    pel_wave_admit(c->h1);
    loosen(t);
    pel_watcher_wake(&t->baton->watcher);
    if (PEL_UNLIKELY(is_look_due)) {
        pel_gcstats_look(t->baton->loop);
        look_for_strangers(t->baton);
    }
    run_app(t, rq);
    if (PEL_UNLIKELY(!tighten(t))) {
        pel_conn_give_back(c);
        return false;
    }
    pel_conn_settle(c);
    return true;
}

static bool is_turn_due(const struct pel_loop *loop)
{
    return loop->n_ready == 0 || loop->now_ns - loop->turned_ns > TURN_NS;
}

/* Runs the loop and the app as long as we have the baton. */
static void hold(struct pel_thread *t)
{
    struct pel_loop *loop = t->baton->loop;
    struct pel_request *rq;

    pel_wave_distrust(loop); /* whoever had the baton may be stuck in the app */
    while ((rq = pop_surplus(t->baton)))
        pel_loop_push_ready(loop, rq);
    while (!loop->is_stopped) {
        if (is_turn_due(loop))
            turn(t);
        if (loop->n_ready > 0 && !(enter_python(t) && serve_next(t)))
            return;
    }
    pel_wave_send(loop);
    atomic_store(&t->baton->owner, 0);
    pel_baton_stop(t->baton);
}

/* The watcher runs the loop, and spares requests for who comes. */
static bool serve_surplus(struct pel_thread *t)
{
    struct pel_request *rq = pop_surplus(t->baton);
    struct pel_conn *c;

    if (!rq)
        return false;
    c = pel_h1_of(rq)->conn;
    ask_for_gil(t, rq);
    take_gil(t);
    run_app(t, rq);
    pel_conn_give_back(c);
    return true;
}

void pel_baton_serve(struct pel_thread *t)
{
    struct pel_baton *b = t->baton;

    pthread_getcpuclockid(pthread_self(), &t->cpu_clock);
    while (!atomic_load(&b->is_stopping)) {
        check_signals(t);
        if (atomic_load(&b->owner) == t->id || pel_baton_take(b, t->id))
            hold(t);
        else if (!serve_surplus(t))
            idle(t);
    }
    take_gil(t);
    pel_h1_trim();
    pel_arena_thread_fini();
}

static struct pel_baton *baton_new(struct pel_loop *loop)
{
    struct pel_baton *b = pel_mem_new(1, sizeof(*b));

    b->loop = loop;
    b->n_threads = loop->threads;
    pel_vital_add(&loop->slot->vitals, PEL_VITAL_THREADS, b->n_threads);
    b->threads = pel_mem_new(b->n_threads, sizeof(*b->threads));
    b->owner = 1;
    b->pysignal.fds[0] = -1;
    pel_list_init(&b->idle);
    pel_list_init(&b->surplus);
    PEL_ASSERT(pthread_mutex_init(&b->lock, NULL) == 0);
    for (unsigned i = 0; i < b->n_threads; i++) {
        struct pel_thread *t = &b->threads[i];

        t->baton = b;
        t->id = i + 1;
        pel_list_init(&t->idle);
        PEL_ASSERT(pthread_cond_init(&t->cond, NULL) == 0);
    }
    return b;
}

static void baton_free(struct pel_baton *b)
{
    for (unsigned i = 0; i < b->n_threads; i++) {
        Py_XDECREF(b->threads[i].object);
        pthread_cond_destroy(&b->threads[i].cond);
    }
    pthread_mutex_destroy(&b->lock);
    free(b->threads);
    free(b);
}

static int run_watched(struct pel_baton *b, struct pel_err *err)
{
    if (pel_watcher_start(&b->watcher, b, err) != 0 || pel_crew_start(b, err) != 0)
        return -1;
    pel_baton_serve(&b->threads[0]);
    return 0;
}

int pel_baton_run(struct pel_loop *loop, unsigned *n_stuck, struct pel_err *err)
{
    struct pel_baton *b = baton_new(loop);
    int rc = pel_pysignal_open(&b->pysignal, b, err);

    if (rc == 0)
        rc = run_watched(b, err);
    *n_stuck = pel_crew_join(b);
    pel_watcher_stop(&b->watcher);
    pel_pysignal_close(&b->pysignal);
    /* A thread that comes back later still finds its baton. */
    if (*n_stuck == 0)
        baton_free(b);
    return rc;
}
