#include "watcher.h"

#include <errno.h>
#include <signal.h>

#include "baton.h"
#include "h1.h"
#include "pellucid/arena.h"

#define TICK_NS PEL_NS_PER_MS
/* Each look takes the CPU from the threads that work. An app that answered so many requests since
 * the last one is not kept from it as often. */
#define FAST_TICK_NS (4 * PEL_NS_PER_MS)
#define FAST_N 16
/* With one thread there is nobody to call; it is only about the loop. */
#define SLOW_TICK_NS (10 * PEL_NS_PER_MS)
/* No thread has been idle for so long: the watcher runs the loop. */
#define KEEP_NS (20 * PEL_NS_PER_MS)
#define QUIET_TICKS 2
/* The share of a CPU, measured over such a time, from which on the process counts as saturated. */
#define MEASURE_NS (20 * PEL_NS_PER_MS)
#define SATURATED_PERCENT 90

static struct pel_thread *holder_of(struct pel_baton *b, uint32_t owner)
{
    uint32_t id = owner & ~PEL_BATON_LOOSE;

    return id >= 1 && id <= b->n_threads ? &b->threads[id - 1] : NULL;
}

static void measure(struct pel_watcher *w, uint64_t now_ns)
{
    uint64_t passed_ns = now_ns - w->measured_ns, cpu_ns;

    if (passed_ns < MEASURE_NS)
        return;
    cpu_ns = pel_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    w->is_saturated = (cpu_ns - w->measured_cpu_ns) * 100 > passed_ns * SATURATED_PERCENT;
    w->measured_ns = now_ns;
    w->measured_cpu_ns = cpu_ns;
    if (w->is_saturated)
        atomic_store_explicit(&w->baton->blockiness, 0, memory_order_relaxed);
}

/* Runs the loop in the place of the threads, which are all with the app, until one is back. */
static void keep_loop(struct pel_baton *b, uint32_t owner)
{
    if (!atomic_compare_exchange_strong(&b->owner, &owner, PEL_BATON_WATCHER))
        return;
    pel_wave_distrust(b->loop);
    pel_baton_spare(b);
    while (!b->loop->is_stopped && atomic_load(&b->n_idle) == 0) {
        pel_loop_turn(b->loop, true);
        pel_baton_spare(b);
    }
    if (b->loop->is_stopped)
        pel_baton_stop(b);
    atomic_store(&b->owner, 0);
    pel_baton_call(b);
}

static void act(struct pel_watcher *w, enum pel_verdict verdict, uint64_t away_ns)
{
    struct pel_baton *b = w->baton;

    if (verdict == PEL_VERDICT_WAIT)
        return;
    if (verdict == PEL_VERDICT_BLOCKED && b->n_threads > 1)
        atomic_store_explicit(&b->blockiness, PEL_BLOCKINESS_MAX, memory_order_relaxed);
    if (!pel_baton_call(b) && away_ns >= KEEP_NS)
        keep_loop(b, w->last.owner);
}

static void set_tick(struct pel_watcher *w, uint64_t n_requests)
{
    if (w->baton->n_threads > 1)
        w->tick_ns = n_requests >= FAST_N ? FAST_TICK_NS : TICK_NS;
}

static void look(struct pel_watcher *w)
{
    struct pel_baton *b = w->baton;
    uint32_t owner = atomic_load(&b->owner);
    uint64_t n_loose = atomic_load_explicit(&b->n_loose, memory_order_relaxed);
    struct pel_thread *t = holder_of(b, owner);
    uint64_t now_ns = pel_now_ns(), cpu_ns = 0;

    measure(w, now_ns);
    set_tick(w, n_loose - w->last.n_loose);
    if (!(owner & PEL_BATON_LOOSE) || !t) {
        w->quiet_ticks = n_loose == w->last.n_loose ? w->quiet_ticks + 1 : 0;
        w->last.n_loose = n_loose;
        w->last.owner = owner;
        return;
    }
    w->quiet_ticks = 0;
    cpu_ns = pel_clock_ns(t->cpu_clock);
    if (owner != w->last.owner || n_loose != w->last.n_loose) {
        w->last = (struct pel_glance){owner, n_loose, now_ns, cpu_ns};
        return;
    }
    act(w,
        pel_watcher_judge(&w->last, now_ns, cpu_ns,
                          atomic_load_explicit(&t->is_in_app, memory_order_relaxed),
                          w->is_saturated),
        now_ns - w->last.since_ns);
}

/* The order of the flag and the look is that of loosen and pel_watcher_wake, the other way round.
 */
static void sleep_deeply(struct pel_watcher *w)
{
    struct pel_baton *b = w->baton;

    pthread_mutex_lock(&b->lock);
    atomic_store(&w->is_asleep, true);
    if ((atomic_load(&b->owner) & PEL_BATON_LOOSE) || atomic_load(&b->n_loose) != w->last.n_loose)
        atomic_store(&w->is_asleep, false);
    while (atomic_load(&w->is_asleep) && !atomic_load(&b->is_stopping))
        pthread_cond_wait(&w->cond, &b->lock);
    atomic_store(&w->is_asleep, false);
    pthread_mutex_unlock(&b->lock);
    w->quiet_ticks = 0;
}

static void *watch(void *arg)
{
    struct pel_watcher *w = arg;

    while (!atomic_load(&w->baton->is_stopping)) {
        struct timespec tick = {0, (long)w->tick_ns};

        nanosleep(&tick, NULL);
        look(w);
        if (w->quiet_ticks >= QUIET_TICKS)
            sleep_deeply(w);
    }
    /* What it kept of requests while it ran the loop. */
    pel_h1_trim();
    pel_arena_thread_fini();
    return NULL;
}

void pel_watcher_rouse(struct pel_watcher *w)
{
    pthread_mutex_lock(&w->baton->lock);
    atomic_store(&w->is_asleep, false);
    pthread_cond_signal(&w->cond);
    pthread_mutex_unlock(&w->baton->lock);
}

int pel_watcher_start(struct pel_watcher *w, struct pel_baton *b, struct pel_err *err)
{
    sigset_t all, old;
    int rc;

    *w = (struct pel_watcher){.baton = b};
    w->tick_ns = b->n_threads > 1 ? TICK_NS : SLOW_TICK_NS;
    PEL_ASSERT(pthread_cond_init(&w->cond, NULL) == 0);
    /* It runs no Python: signals are for the others. */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    rc = pthread_create(&w->thread, NULL, watch, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    w->is_running = rc == 0;
    errno = rc;
    return rc == 0 ? 0 : pel_err_sys(err, "cannot start a thread");
}

void pel_watcher_stop(struct pel_watcher *w)
{
    if (!w->is_running)
        return;
    pel_watcher_rouse(w);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->cond);
}
