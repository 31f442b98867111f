/*
 * upgrade - SIGUSR2: a new version of the supervisor in place of this one, as the same process.
 *
 * First a successor is started on trial: it reads the configuration, finds that it can take over
 * (the layouts of shared memory and messages are its own) and ends. Then this process executes the
 * new version, which inherits every socket and child, as a memory file describes them, and reloads:
 * the workers of the old version serve until those of the new one are ready, and go on serving when
 * it cannot start.
 */
#ifndef PELLUCID_SUPERVISOR_UPGRADE_H
#define PELLUCID_SUPERVISOR_UPGRADE_H

#include <sys/types.h>

#include "pellucid/err.h"

struct pel_supervisor;

/* Wants an upgrade; it begins as soon as no reload and no recycling is under way. */
void pel_upgrade(struct pel_supervisor *sv);

/* For settle: begins or goes on with an upgrade that is wanted. */
void pel_upgrade_advance(struct pel_supervisor *sv);

/* The reaper found that this child has ended. False: it is not the successor on trial. */
bool pel_upgrade_reaped(struct pel_supervisor *sv, pid_t pid, int status);

enum pel_upgrade_part {
    PEL_UPGRADE_NONE = 0, /* an ordinary start */
    PEL_UPGRADE_TRIAL,    /* end now, with success */
    PEL_UPGRADE_HEIR,     /* *out_fd describes what to take over */
};

/* Which part this process has been started for; -1 with err when it cannot play it. */
int pel_upgrade_part(int *out_fd, struct pel_err *err);

/* Takes over what state_fd describes: sockets, shared memory, children. In place of opening and
 * binding all that. 0, or -1 with err. */
int pel_upgrade_inherit(struct pel_supervisor *sv, int state_fd, struct pel_err *err);

#endif
