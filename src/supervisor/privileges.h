/*
 * privileges - whom the app runs as (server.user, server.group).
 *
 * The supervisor keeps what it was started with; templates and the observer are made as that user
 * between fork and exec, so no Python of theirs ever runs with more.
 */
#ifndef PELLUCID_SUPERVISOR_PRIVILEGES_H
#define PELLUCID_SUPERVISOR_PRIVILEGES_H

#include <sys/types.h>

#include "pellucid/err.h"

struct pel_privileges {
    bool is_set; /* false: stay as we are */
    uid_t uid;
    gid_t gid;
    gid_t *groups; /* supplementary ones, owned */
    int n_groups;
    char *name, *home; /* owned; of the user */
};

/* Looks user and group up ("" = not set; numbers are fine). 0, or -1 with err: unknown names, or a
 * change that only root may make. */
int pel_privileges_find(struct pel_privileges *p, const char *user, const char *group,
                        struct pel_err *err);
void pel_privileges_fini(struct pel_privileges *p);

/* Becomes that user, for good. In a child just forked; 0, or -1 with errno. */
int pel_privileges_drop(const struct pel_privileges *p);

#endif
