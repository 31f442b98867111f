/*
 * proc - what the kernel says of a process: its times, threads and memory; names of signals.
 *
 * Pure readers of /proc. Any process and thread. A process that has ended is still known until it
 * has been reaped.
 */
#ifndef PELLUCID_PROC_H
#define PELLUCID_PROC_H

#include <sys/types.h>

#include "pellucid/base.h"

struct pel_proc {
    uint64_t user_ns, system_ns; /* CPU of all its threads, in steps of a clock tick (10 ms) */
    uint64_t started_ns;         /* since the machine was booted */
    uint64_t n_threads;
    uint64_t virtual_bytes, resident_bytes;
};

/* False when there is no such process. */
bool pel_proc_read(struct pel_proc *p, pid_t pid);

/* "SIGTERM"; "SIG77" for one without a name. */
void pel_signal_name(int number, char *out, size_t len);

#endif
