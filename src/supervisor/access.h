/*
 * access - the access log's descriptor: opened here, written by the workers.
 *
 * Owner: the generation. The supervisor opens, so that a log a worker may not create can still be
 * written.
 */
#ifndef PELLUCID_SUPERVISOR_ACCESS_H
#define PELLUCID_SUPERVISOR_ACCESS_H

#include "pellucid/err.h"

struct pel_supervisor;

/* where is http.access_log: "-", a path, "off" (-1 in *out_fd). 0, or -1 with err. */
int pel_access_open(const char *where, int *out_fd, struct pel_err *err);

/* SIGUSR1: opens the logs of all generations anew and hands them round. */
void pel_access_reopen(struct pel_supervisor *sv);

#endif
