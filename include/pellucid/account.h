/*
 * account - CPU time of the processes that have a place in the shared memory, one after the other.
 *
 * Each slot has an account, for its workers, and the header some for the other processes. The
 * parent writes: it opens the account when it has made the process, and closes it when it reaps
 * it, with what the kernel said of it last; so what a process has used is not lost with it. The
 * observer reads, and writes only what it has told: no sum of an account ever goes back, in the
 * moment between death and closing, or where nobody could say what a process had used, either.
 */
#ifndef PELLUCID_ACCOUNT_H
#define PELLUCID_ACCOUNT_H

#include <stdatomic.h>
#include <sys/types.h>

#include "pellucid/proc.h"

/* tbl/processes.h. */
enum pel_process_role {
    PEL_PROCESS_NONE = 0,
#define PEL_PROCESS(name, word) PEL_PROCESS_##name,
#include "pellucid/tbl/processes.h"
#undef PEL_PROCESS
    PEL_PROCESS_N
};

/* cpu.mode of OpenTelemetry. */
enum pel_cpu_mode { PEL_CPU_USER, PEL_CPU_SYSTEM, PEL_CPU_MODE_N };

struct pel_shm_account {
    /* writer: the parent of the process; of orphans, the supervisor */
    _Atomic uint32_t changes;                  /* odd while what follows is being changed */
    _Atomic uint32_t role;                     /* enum pel_process_role; NONE = never used */
    _Atomic int32_t pid;                       /* 0 = closed */
    _Atomic uint64_t ended_ns[PEL_CPU_MODE_N]; /* of the processes before */
    /* writer: the observer */
    _Atomic uint64_t told_ns[PEL_CPU_MODE_N];
};

const char *pel_process_word(enum pel_process_role role);

struct pel_shm;

/* For a process that has just been made: the account of its slot, or one of the header's. Beyond
 * PEL_SHM_ACCOUNTS_N at once they are not counted. */
void pel_account_open(struct pel_shm_account *a, enum pel_process_role role, pid_t pid);
void pel_accounts_open(struct pel_shm *shm, enum pel_process_role role, pid_t pid);

/* Closes the account of pid, if there is one. last: what the kernel said of it before it was
 * reaped; NULL: nobody knows. */
void pel_accounts_close(struct pel_shm *shm, pid_t pid, const struct pel_proc *last);

/* Observer: CPU of all the account's processes so far, in steps of a clock tick (10 ms) each, and
 * what the kernel says of the present one, which is returned: its pid, or 0 when there is none. */
pid_t pel_account_read(struct pel_shm_account *a, uint64_t cpu_ns[PEL_CPU_MODE_N],
                       struct pel_proc *present);

#endif
