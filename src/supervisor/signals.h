/*
 * signals - what each signal makes the supervisor do, as one table.
 */
#ifndef PELLUCID_SUPERVISOR_SIGNALS_H
#define PELLUCID_SUPERVISOR_SIGNALS_H

#include "pellucid/err.h"

struct pel_supervisor;

/* Watches them on the loop, until the loop's handles are closed. 0, or -1 with err. */
int pel_signals_start(struct pel_supervisor *sv, struct pel_err *err);

#endif
