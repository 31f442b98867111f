/*
 * gcstats - what the garbage collector has done, for cpython.gc.*: read from gc.get_stats() once a
 * second at most, when there are requests and the thread has the GIL anyway.
 *
 * One a process. GIL held; look and close by one thread at a time.
 */
#ifndef PELLUCID_WORKER_GCSTATS_H
#define PELLUCID_WORKER_GCSTATS_H

#include "loop.h"

/* What was collected before does not count: it may have been the template's doing. */
void pel_gcstats_open(struct pel_loop *loop);
/* A last look. */
void pel_gcstats_close(struct pel_loop *loop);

#define PEL_GCSTATS_NS PEL_NS_PER_SEC

/* Loop held: is a look due? Who is told so must take it. */
static inline bool pel_gcstats_is_due(struct pel_loop *loop)
{
    if (PEL_LIKELY(loop->now_ns < loop->gcstats_ns))
        return false;
    loop->gcstats_ns = loop->now_ns + PEL_GCSTATS_NS;
    return true;
}

void pel_gcstats_look(struct pel_loop *loop);

#endif
