/*
 * gil - how long requests waited for the GIL.
 *
 * A request waits from the moment a thread asks for the GIL with nothing else left to wait for,
 * until a thread that runs its app has it; time without a CPU is part of it. Only what the server
 * itself does is seen: a thread that takes the GIL to run the app, and one that comes back from
 * waiting for its client. Waits inside the app's own calls are not.
 */
#ifndef PELLUCID_WORKER_GIL_H
#define PELLUCID_WORKER_GIL_H

#include "pellucid/py.h"
#include "pellucid/record.h"
#include "pellucid/time.h"

/* Taking a GIL that nobody has takes a tenth of this, two looks at the clock included; to be handed
 * it by another thread takes more. */
#define PEL_GIL_AT_ONCE_NS (2 * PEL_NS_PER_US)

/* A thread is about to take the GIL for a request; others may have done so before. */
static inline void pel_gil_ask(struct pel_record *rec, uint64_t now_ns)
{
    if (rec->gil_asked_ns == 0)
        rec->gil_asked_ns = now_ns;
}

/* A thread has it, and goes on with the request. */
static inline void pel_gil_got(struct pel_record *rec, uint64_t now_ns)
{
    uint64_t waited_ns = now_ns - rec->gil_asked_ns;

    rec->gil_asked_ns = 0;
    if (waited_ns > PEL_GIL_AT_ONCE_NS)
        rec->spent.gil_wait_ns += waited_ns;
}

/* Takes the GIL back for a request that could go on now, at now_ns. */
static inline void pel_gil_retake(PyThreadState *state, struct pel_record *rec, uint64_t now_ns)
{
    pel_gil_ask(rec, now_ns);
    PyEval_RestoreThread(state);
    pel_gil_got(rec, pel_now_ns());
}

#endif
