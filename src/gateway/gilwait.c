#include "pellucid/gilwait.h"

#include <errno.h>
#include <pthread.h>

#include "pellucid/got.h"
#include "pellucid/py.h"
#include "pellucid/time.h"

/* From the end of a slice to the next one of the same wait, on a busy machine. */
#define NEXT_SLICE_NS (5 * PEL_NS_PER_MS)

struct pel_gilwait *pel_gilwait_self(void)
{
    static _Thread_local struct pel_gilwait self;

    return &self;
}

static void add(uint64_t start_ns, bool goes_on)
{
    struct pel_gilwait *g = pel_gilwait_self();
    uint64_t now_ns = pel_now_ns();
    bool is_same = g->goes_on && start_ns - g->end_ns < NEXT_SLICE_NS;

    g->last_ns = (is_same ? g->last_ns : 0) + (now_ns - start_ns);
    g->total_ns += now_ns - start_ns;
    g->end_ns = now_ns;
    g->goes_on = goes_on;
}

static int timed_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *end)
{
    uint64_t start_ns = pel_now_ns();
    int rc = pthread_cond_timedwait(cond, mutex, end);

    add(start_ns, rc == ETIMEDOUT);
    return rc;
}

static int untimed_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
    uint64_t start_ns = pel_now_ns();
    int rc = pthread_cond_wait(cond, mutex);

    add(start_ns, false);
    return rc;
}

int pel_gilwait_start(struct pel_err *err)
{
    uintptr_t core = (uintptr_t)PyEval_RestoreThread;

    if (pel_got_replace(core, "pthread_cond_timedwait", (pel_got_function)timed_wait, err) < 0)
        return -1;
    return pel_got_replace(core, "pthread_cond_wait", (pel_got_function)untimed_wait, err);
}
