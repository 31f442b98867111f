/*
 * report - what the log says about ends: how a child ended, and which requests it had.
 */
#ifndef PELLUCID_SUPERVISOR_REPORT_H
#define PELLUCID_SUPERVISOR_REPORT_H

#include "pellucid/ipc.h"

struct pel_generation;
struct pel_member;

#define PEL_STATUS_UNKNOWN (-1) /* whoever reaped it died before it could tell */

/* "exit 1", "SIGSEGV, core dumped", "unknown" for a status as of waitpid. */
void pel_status_text(int status, char *out, size_t len);

static inline bool pel_status_is_clean(int status)
{
    return status == 0;
}

/* A start-up failure as a child tells it (FAILED, TEMPLATE_FAILED): logs it, with the traceback in
 * fd (or -1) unless the generation's last one was the same. who is "worker 3". */
void pel_report_failure(struct pel_generation *gen, const char *who, const char *why, int fd);

/* Logs that a worker has ended, when that is news. */
void pel_report_end(const struct pel_member *m, int status);

/* Logs what the worker has in flight, before it is killed; returns how many that is. */
unsigned pel_report_running(const struct pel_member *m);

/* The worker of m's slot is dead: logs each request that died with it and leaves the slot clean. */
unsigned pel_report_lost(const struct pel_member *m);

#endif
