/*
 * supervisor - the process that starts, watches, replaces and stops all others.
 *
 * One thread, one libuv loop; called from Python (pellucid/supervisor.py) with the GIL held, but it
 * touches Python only through env->reload. It owns the sockets, the shared memory, the access log
 * and every child, never imports the app, and outlives whatever the app does. Its children are the
 * observer and the templates (fork and exec of the same Python, `-m pellucid.observer`, `-m
 * pellucid.template`); workers are forked by the templates and adopted when a template dies.
 */
#ifndef PELLUCID_SUPERVISOR_H
#define PELLUCID_SUPERVISOR_H

#include "pellucid/err.h"

struct pel_conf;

/* One reading of the configuration: the checked struct, and the document it came from as JSON text,
 * which the children read. */
struct pel_reading {
    struct pel_conf *conf; /* heap; with pel_conf_fini and free its owner lets go of it */
    char *doc;             /* heap, NUL-terminated */
    char *warnings;        /* heap, NUL-terminated: a line each; logged when the log is open */
};

/* Logs its warnings. */
void pel_reading_warn(const struct pel_reading *r);
void pel_reading_fini(struct pel_reading *r);

struct pel_supervisor_env {
    struct pel_reading first; /* the supervisor's from the call on */
    /* Reads the configuration anew (SIGHUP): 0 and *out filled, or -1 with err. */
    int (*reload)(void *data, struct pel_reading *out, struct pel_err *err);
    void *data;
    char *const *python; /* how to start this Python: path, flags; NULL-terminated */
    char *const *argv;   /* the command line of this process, executed again by SIGUSR2 */
};

/* Runs the server until it is told to stop. Returns the exit status: 0 after an ordered stop, 1
 * when the first start failed (the reason is in the log). */
int pel_supervise(struct pel_supervisor_env *env);

#endif
