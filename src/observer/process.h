/*
 * process - what the kernel says of the server's processes: process.cpu.time and its kin.
 *
 * Read from /proc when somebody asks, on the observer's one thread; the processes do nothing for
 * it. CPU is that of all processes that have had the place (account.h), the rest is of those alive.
 */
#ifndef PELLUCID_OBSERVER_PROCESS_H
#define PELLUCID_OBSERVER_PROCESS_H

#include "json.h"
#include "pellucid/account.h"
#include "sink.h"

/* A worker's slot; or all processes of another role: there may be several templates. */
struct pel_process {
    enum pel_process_role role; /* NONE: there has never been one */
    unsigned worker;            /* its number, if it is one */
    unsigned n;                 /* that are alive */
    uint64_t cpu_ns[PEL_CPU_MODE_N];
    uint64_t resident_bytes, n_threads;
    uint64_t n_fds;
    bool are_fds_hidden; /* of some: they are another user's */
};

/* Adds those of an account. */
void pel_process_add(struct pel_process *p, struct pel_shm_account *a);

/* Hands the families to the sink: a series for each worker's number, and for each other role. */
void pel_process_collect(struct pel_sink *sink, struct pel_shm *shm);

/* Adds "cpu_seconds", "memory_bytes", "threads" and "file_descriptors" of a worker to its object;
 * "processes", those of the others; and those of one role, under a key. */
void pel_process_show_worker(struct pel_json *j, struct pel_shm_slot *slot);
void pel_process_show_others(struct pel_json *j, struct pel_shm *shm);
void pel_process_show_role(struct pel_json *j, const char *key, struct pel_shm *shm,
                           enum pel_process_role role);

#endif
