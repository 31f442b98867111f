/*
 * command - fork and exec of one of our own: a command line, descriptors by number, a clean start.
 */
#ifndef PELLUCID_SUPERVISOR_COMMAND_H
#define PELLUCID_SUPERVISOR_COMMAND_H

#include <sys/types.h>

#include "pellucid/buf.h"
#include "pellucid/err.h"

struct pel_privileges;

/* A command line under construction; owns its strings, borrows descriptors. */
struct pel_command {
    char **argv; /* NULL-terminated */
    size_t argc;
    int *fds; /* stay open in the child, under the same numbers */
    size_t n_fds;
    const char *variable; /* "NAME=value" added to the environment, or NULL; borrowed */
};

/* Begins with a copy of argv. */
void pel_command_init(struct pel_command *c, char *const *argv);
void pel_command_fini(struct pel_command *c);

void pel_command_add_arg(struct pel_command *c, const char *text);

/* Lets the child inherit fd. */
void pel_command_add_inherited(struct pel_command *c, int fd);

/* Adds "name=fd" and lets the child inherit fd; fd may be -1 (none). */
void pel_command_add_fd(struct pel_command *c, const char *name, int fd);

/* Adds "name=fd,fd,..." */
void pel_command_add_fds(struct pel_command *c, const char *name, const int *fds, size_t n);

/* Starts it as the given user, with every signal at its default and none blocked. Returns the pid,
 * or -1 with err. What goes wrong in the child is a line in the log and exit status 127. */
pid_t pel_command_spawn(struct pel_command *c, const struct pel_privileges *as,
                        struct pel_err *err);

/* A memfd that holds text, to be read from its beginning. The descriptor, or -1 with err. */
int pel_command_document(const char *name, const char *text, struct pel_err *err);

#endif
