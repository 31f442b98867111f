/*
 * gil - how long requests waited in their queue for the GIL.
 *
 * A request waits from the moment a thread asks for the GIL to run its app, until a thread that
 * does has it; time without a CPU is part of it. What it waits for while its app runs is seen by
 * gilwait.h.
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

#endif
