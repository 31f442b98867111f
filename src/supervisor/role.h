/*
 * role - a child of the supervisor made by fork and exec: a template, the observer, the watcher.
 *
 * Every role is given its configuration (--conf, a memory file) and its end of a control socket
 * (--control); end of file there tells it to leave. Owner: the struct that embeds it.
 */
#ifndef PELLUCID_SUPERVISOR_ROLE_H
#define PELLUCID_SUPERVISOR_ROLE_H

#include <sys/types.h>

#include "backoff.h"
#include "channel.h"
#include "command.h"
#include "deadline.h"
#include "pellucid/account.h"

struct pel_supervisor;
struct pel_role;

/* What makes one role different from another. */
struct pel_role_kind {
    enum pel_process_role role;
    const char *module; /* "pellucid.template" */
    /* Adds the arguments of its own; doc is the configuration to start with. */
    void (*add_args)(struct pel_role *role, struct pel_command *cmd);
    const char *(*doc)(struct pel_role *role);
    void (*on_message)(struct pel_channel *ch, const struct pel_msg *msg, int fd);
    /* It has been reaped, its last messages are delivered, pid is 0. */
    void (*on_exit)(struct pel_role *role, int status);
    /* The pause that followed its death is over. */
    void (*restart)(struct pel_role *role);
};

struct pel_role {
    const struct pel_role_kind *kind;
    struct pel_supervisor *sv;
    struct pel_list link; /* on sv->roles while it runs */
    pid_t pid;            /* 0 = does not run */
    bool is_stopping;
    uint64_t started_ns;
    struct pel_channel channel;
    struct pel_backoff backoff;
    struct pel_deadline deadline; /* running: kill it then; else: start it then */
};

void pel_role_init(struct pel_role *role, const struct pel_role_kind *kind,
                   struct pel_supervisor *sv);

/* 0, or -1 with err. */
int pel_role_start(struct pel_role *role, struct pel_err *err);

/* One that runs already, started by the supervisor before us (upgrade.h); takes control_fd over. 0,
 * or -1 with err. */
int pel_role_adopt(struct pel_role *role, pid_t pid, int control_fd, struct pel_err *err);

/* Asks it to leave (end of file) and kills it after grace_ns. Harmless when it does not run, but
 * for a pending restart, which is called off. */
void pel_role_stop(struct pel_role *role, uint64_t grace_ns);
void pel_role_kill(struct pel_role *role);

/* It died and was not told to: says so in the log and has restart called after a pause. */
void pel_role_restart_later(struct pel_role *role, int status);

/* The reaper found that this child has ended. False: it is none of the roles. */
bool pel_role_reaped(struct pel_supervisor *sv, pid_t pid, int status);

#endif
