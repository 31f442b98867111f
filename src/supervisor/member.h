/*
 * member - one worker process, from SPAWN until it has been reaped.
 */
#ifndef PELLUCID_SUPERVISOR_MEMBER_H
#define PELLUCID_SUPERVISOR_MEMBER_H

#include <sys/types.h>

#include "pellucid/err.h"
#include "pellucid/ipc.h"
#include "pellucid/shm.h"

struct pel_generation;
struct pel_member;
struct pel_seat;
struct pel_supervisor;

void pel_members_init(struct pel_supervisor *sv);
void pel_members_fini(struct pel_supervisor *sv);

/* Has the seat's template fork a worker into a free slot. NULL: no slot, or the template does not
 * listen; try again when something has ended. */
struct pel_member *pel_member_spawn(struct pel_seat *seat);

/* The template's answer; pidfd is the member's from now on (also when it is refused). */
void pel_member_spawned(struct pel_generation *gen, const struct pel_msg *msg, int pidfd);

/* Lets it finish its requests and exit; one that has not started yet is ended at once. Its seat is
 * vacant to it from now on. Harmless on one that drains already. */
void pel_member_drain(struct pel_member *m, enum pel_end why);

/* SIGKILL; the caller has logged why. */
void pel_member_kill(struct pel_member *m, enum pel_end why);

/* A worker as the supervisor before us left it (upgrade.h). */
struct pel_member_legacy {
    unsigned slot;
    int seat; /* index; -1 = it is leaving */
    pid_t pid;
    int pidfd, control_fd;
    uint64_t spawned_ns, ready_ns;
};

/* Takes it and its descriptors over. 0, or -1 with err. */
int pel_member_adopt(struct pel_generation *gen, const struct pel_member_legacy *legacy,
                     struct pel_err *err);

/* It has ended, and whoever reaped it says how (as of waitpid, or PEL_STATUS_UNKNOWN). */
void pel_member_ended(struct pel_member *m, int status);

/* The living member with that pid, or NULL. */
struct pel_member *pel_member_find(struct pel_supervisor *sv, pid_t pid);

/* The template of gen is dead and reaped: members of which it knew more than it told are settled.
 */
void pel_members_orphaned(struct pel_generation *gen);

/* Workers that serve, of all generations. */
unsigned pel_members_ready(const struct pel_supervisor *sv);

#endif
