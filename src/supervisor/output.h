/*
 * output - where log.output says that the server's own log goes: standard error, or a file.
 *
 * A file takes the place of standard error (descriptor 2) in every process of the server, so that
 * what the app and Python itself write there is in it, too. The supervisor opens it, and hands it
 * round when it is reopened.
 */
#ifndef PELLUCID_SUPERVISOR_OUTPUT_H
#define PELLUCID_SUPERVISOR_OUTPUT_H

#include "pellucid/err.h"

struct pel_supervisor;

/* Before the first line and the first child: makes path, unless it is "-", standard error. 0, or -1
 * with err. */
int pel_output_open(struct pel_supervisor *sv, const char *path, struct pel_err *err);
void pel_output_close(struct pel_supervisor *sv);

/* SIGUSR1: opens the file anew, here and in all children. */
void pel_output_reopen(struct pel_supervisor *sv);

#endif
