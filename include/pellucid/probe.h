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
struct pel_probes;

struct pel_probe {
    const char *name;
    bool (*is_wanted)(const struct pel_conf *conf);
    /* In the worker, after the fork; 0 or -1 with err. */
    int (*start)(struct pel_probes *ps, struct pel_err *err);
    void (*begin)(struct pel_probes *ps, struct pel_record *rec);     /* head complete */
    void (*app_enter)(struct pel_probes *ps, struct pel_record *rec); /* GIL held */
    void (*app_leave)(struct pel_probes *ps, struct pel_record *rec); /* GIL held */
    void (*finish)(struct pel_probes *ps, struct pel_record *rec);    /* under the lock */
    void (*flush)(struct pel_probes *ps); /* under the lock; the loop is about to sleep */
    void (*stop)(struct pel_probes *ps);
};

/* What a probe may use. access_fd is -1 when there is no access log. */
struct pel_probes *pel_probes_start(const struct pel_conf *conf, struct pel_shm *shm, unsigned slot,
                                    int access_fd, struct pel_err *err);
void pel_probes_stop(struct pel_probes *ps); /* flushes; frees */

void pel_probes_begin(struct pel_probes *ps, struct pel_record *rec);
void pel_probes_app_enter(struct pel_probes *ps, struct pel_record *rec);
void pel_probes_app_leave(struct pel_probes *ps, struct pel_record *rec);

/* Exactly once for each request begun or refused; rec's slices need not outlive the call. */
void pel_probes_finish(struct pel_probes *ps, struct pel_record *rec);

/* The loop calls this each time before it may sleep: the access log is written, the observer is
 * poked if it asked to be. */
void pel_probes_flush(struct pel_probes *ps);

/* The access log was reopened: the probe owns fd from now on and closes the old one. */
void pel_probes_set_access_fd(struct pel_probes *ps, int fd);

#endif
