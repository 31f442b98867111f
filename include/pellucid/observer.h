/*
 * observer - the process that tells: OTLP to a collector, /metrics, /status and /spans to people.
 *
 * Runs in a process of its own (python -m pellucid.observer), one thread, no GIL held, no app code.
 * It reads the shared memory and nothing else of the server; it may be killed at any time, and its
 * successor goes on where the rings were read to. While nothing happens it sleeps without timers.
 */
#ifndef PELLUCID_OBSERVER_H
#define PELLUCID_OBSERVER_H

#include "pellucid/err.h"
#include "pellucid/shm.h"

struct pel_conf;

/* All borrowed, but for control_fd and admin_fds, which the observer owns from now on. */
struct pel_observer_env {
    const struct pel_conf *conf;
    struct pel_shm *shm;
    int control_fd;       /* to the supervisor (ipc.h): end of file means stop; -1 in tests */
    const int *admin_fds; /* listening sockets of the admin address */
    size_t n_admin_fds;
};

/*
 * Runs until the supervisor closes the control socket (it alone decides then: SIGTERM and SIGINT
 * are ignored), or, without one, until SIGTERM or SIGINT. Then what is in the rings is exported,
 * within PEL_OBSERVER_FLUSH_MS. Returns 0, or -1 with err when it could not start.
 */
#define PEL_OBSERVER_FLUSH_MS 5000
int pel_observer_run(const struct pel_observer_env *env, struct pel_err *err);

#endif
