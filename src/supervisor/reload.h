/*
 * reload - a new generation in place of the old one (SIGHUP, changed code, SIGUSR2's successor).
 */
#ifndef PELLUCID_SUPERVISOR_RELOAD_H
#define PELLUCID_SUPERVISOR_RELOAD_H

#include "pellucid/base.h"

struct pel_supervisor;

/* Reads the configuration and starts a generation from it. While one is under way another is done
 * right after it. Errors are logged and change nothing. */
void pel_reload(struct pel_supervisor *sv);

/* The generation that was to be next serves now (the first one, too), or never will. */
void pel_reload_ended(struct pel_supervisor *sv, bool has_succeeded);

#endif
