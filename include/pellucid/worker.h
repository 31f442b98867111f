/*
 * worker - one process that serves.
 *
 * Runs in the child the template forked (or, in tests, in any process). The worker owns its loop,
 * its connections, its probes and the open gateway; it borrows conf and shm. Everything here is
 * called on the main thread of the process with the GIL held.
 */
#ifndef PELLUCID_WORKER_H
#define PELLUCID_WORKER_H

#include "pellucid/err.h"
#include "pellucid/py.h"
#include "pellucid/shm.h"

struct pel_conf;

/* A listening socket as the supervisor bound it. */
struct pel_listener {
    int fd; /* shared with the other workers; non-blocking */
    bool is_unix;
    char name[108]; /* numeric host, or path of the unix socket */
    uint16_t port;
};

/* Finds out what a bound socket is; fd stays the caller's. 0, or -1 with err. */
int pel_listener_init(struct pel_listener *out, int fd, struct pel_err *err);

struct pel_worker_env {
    const struct pel_conf *conf;
    struct pel_shm *shm;
    unsigned slot;
    const struct pel_listener *listeners;
    size_t n_listeners;
    bool owns_listeners; /* the worker closes them when it stops accepting; else it polls dup()s */
    int control_fd;      /* to the supervisor (ipc.h); -1 in tests: runs until SIGTERM */
    int access_fd;       /* -1 = no access log; the worker owns it */
    bool is_multiprocess;
    PyObject *app; /* borrowed; imported already */
};

/* Result of pel_worker_run when threads of the app have not come back in time. */
#define PEL_WORKER_STUCK 1

/*
 * Serves until drained: opens the gateway, says READY, runs, closes the gateway (lifespan
 * shutdown). Returns 0 when drained in good order, -1 with err when it could not start. The caller
 * then goes through normal interpreter finalisation. PEL_WORKER_STUCK: threads are still with the
 * app (the log says with what), and what env points to must stay as long as the process.
 */
int pel_worker_run(const struct pel_worker_env *env, struct pel_err *err);

#endif
