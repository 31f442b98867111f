/*
 * process - what the kernel says of each worker: process.memory.usage and its kin.
 *
 * Read from /proc when somebody asks, on the observer's one thread; the workers do nothing for it.
 * What cannot be read (the worker has just ended) is left out.
 */
#ifndef PELLUCID_OBSERVER_PROCESS_H
#define PELLUCID_OBSERVER_PROCESS_H

#include <sys/types.h>

#include "sink.h"

struct pel_process_usage {
    bool is_known;
    uint64_t resident_bytes, n_threads, n_fds;
};

/* What is_known tells is also returned. */
bool pel_process_read(struct pel_process_usage *u, pid_t pid);

/* Hands the families to the sink, a series for each worker. */
void pel_process_collect(struct pel_sink *sink, struct pel_shm *shm);

#endif
