/*
 * template - the process that workers are forked from.
 *
 * Started by the supervisor (python -m pellucid.template), one for each generation. It has the
 * configuration, the sockets, and with server.preload the app; it forks a worker for each SPAWN,
 * reports what becomes of it, and sleeps without timers in between. When its control socket ends it
 * leaves; its workers go on. One object a process, used on the main thread with the GIL held; in a
 * worker the same object knows what the worker needs.
 */
#ifndef PELLUCID_TEMPLATE_H
#define PELLUCID_TEMPLATE_H

#include "pellucid/ipc.h"
#include "pellucid/worker.h"

/* Inherited from the supervisor. */
struct pel_template_fds {
    int control, shm, event, access; /* access: -1 = no access log */
    const int *listen;
    size_t n_listen;
};

struct pel_template;

/* Takes the descriptors over (close-on-exec from now on) and borrows conf; sets signals and log up.
 * NULL with err. */
struct pel_template *pel_template_open(const struct pel_conf *conf,
                                       const struct pel_template_fds *fds, struct pel_err *err);

/* Says TEMPLATE_READY and serves the supervisor. Returns false in the template, when it is to
 * leave; true in each worker, right after its fork. */
bool pel_template_serve(struct pel_template *t);

/* Tells the supervisor that this process, template or worker, cannot start. text is the traceback,
 * or empty. */
void pel_template_failed(struct pel_template *t, const char *why, struct pel_str text);

/* In a worker: everything for pel_worker_run but the app. access_fd and control_fd are the
 * worker's. */
void pel_template_worker_env(struct pel_template *t, struct pel_worker_env *out);

#endif
