/*
 * probe - what watches requests, and the few moments at which it may.
 *
 * Every process that serves requests has one probe context (struct pel_probes, owned by the
 * worker). The table of probes is static (src/probe/probe.c); a probe that the configuration leaves
 * off is not on the list of active ones and costs nothing. Hooks run on the thread that owns the
 * request; the finish hooks are serialised by a lock local to the process, so tables and rings keep
 * one writer.
 */
#ifndef PELLUCID_PROBE_H
#define PELLUCID_PROBE_H

#include "pellucid/base.h"
#include "pellucid/err.h"

struct pel_conf;
struct pel_record;
struct pel_shm;
struct pel_shm_inflight;
struct pel_probes;

struct pel_probe {
    const char *name;
    bool (*is_wanted)(const struct pel_conf *conf); /* NULL: always */
    /* In the worker, after the fork; 0 or -1 with err. The other hooks may be NULL. */
    int (*start)(struct pel_probes *ps, struct pel_err *err);
    void (*begin)(struct pel_probes *ps, struct pel_record *rec);     /* head complete */
    void (*app_enter)(struct pel_probes *ps, struct pel_record *rec); /* GIL held */
    void (*app_leave)(struct pel_probes *ps, struct pel_record *rec); /* GIL held */
    void (*finish)(struct pel_probes *ps, struct pel_record *rec);    /* under the lock */
    bool (*flush)(struct pel_probes *ps); /* under the lock; true: something is left to write */
    void (*stop)(struct pel_probes *ps);
};

/*
 * In the worker, after the fork and before the first request: takes the slot over (gauges and the
 * in-flight table start empty, counters go on). conf and shm are borrowed until the stop; access_fd
 * is owned from now on (also when it fails), -1 when there is no access log. NULL with err.
 */
struct pel_probes *pel_probes_start(const struct pel_conf *conf, struct pel_shm *shm, unsigned slot,
                                    int access_fd, struct pel_err *err);
void pel_probes_stop(struct pel_probes *ps); /* flushes; frees */

/* The head is complete: FIRST_BYTE, method, path and trace of rec are there. Once, or never for a
 * request that is refused. */
void pel_probes_begin(struct pel_probes *ps, struct pel_record *rec);
/* Right before the app is called (APP_START is stamped) and after it has returned, each time it is
 * given control. */
void pel_probes_app_enter(struct pel_probes *ps, struct pel_record *rec);
void pel_probes_app_leave(struct pel_probes *ps, struct pel_record *rec);

/* Exactly once for each request begun or refused; rec's slices need not outlive the call. */
void pel_probes_finish(struct pel_probes *ps, struct pel_record *rec);

/*
 * Any thread. The loop calls this each time before it may sleep, and a thread that finishes a
 * request while the loop sleeps calls it as well: access log lines are written, the observer is
 * poked if it asked to be. Costs one load when there is nothing to do. True: lines are held back,
 * to be written many at a time (or because their reader is slow); call again within 100 ms.
 */
bool pel_probes_flush(struct pel_probes *ps);

/* The access log was reopened: the probe owns fd from now on and closes the old one. */
void pel_probes_set_access_fd(struct pel_probes *ps, int fd);

/*
 * Supervisor, when the worker of a slot has ended and before the slot is given to another: every
 * request that was in flight is shown to each (for the log; may be NULL), counted as an error, and
 * becomes a span that ended at died_ns with error.type worker_killed. Access log lines that were on
 * their way go to access_fd (-1: none; borrowed). Gauges go to zero. Returns how many requests
 * there were; zero after a worker that drained.
 */
unsigned pel_probes_bury(struct pel_shm *shm, unsigned slot, uint64_t died_ns, int access_fd,
                         void (*each)(void *arg, const struct pel_shm_inflight *request),
                         void *arg);

#endif
