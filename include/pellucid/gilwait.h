/*
 * gilwait - how long each thread has waited for the GIL, wherever it did.
 *
 * CPython waits in pthread_cond_timedwait for a GIL that another thread has, and in
 * pthread_cond_wait for that thread to have taken it when it was asked to give it up; its core
 * calls the two for nothing else. (Libraries linked into the core's own object, as some builds have
 * OpenSSL, may, in threads that seldom are a request's.) Both are replaced there (got.h) by
 * functions that time them: a GIL that is free costs nothing. The time without a CPU after such a
 * wait is part of it.
 *
 * In the worker, after the fork; threads of the app may run already. Each thread writes and reads
 * its own struct.
 */
#ifndef PELLUCID_GILWAIT_H
#define PELLUCID_GILWAIT_H

#include "pellucid/err.h"

struct pel_gilwait {
    uint64_t total_ns; /* all waits */
    uint64_t last_ns;  /* the last one ... */
    uint64_t end_ns;   /* ... and when it ended; 0: none yet */
    bool goes_on;      /* CPython waits in slices of the switch interval: there may be another */
};

/* Once. 0, or -1 with err: no wait will be seen. */
int pel_gilwait_start(struct pel_err *err);

/* Of this thread, as long as it lives. */
struct pel_gilwait *pel_gilwait_self(void);

#endif
