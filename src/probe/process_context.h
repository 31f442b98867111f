/*
 * process_context - what a worker says of itself to profilers of the machine (OTEP 4719).
 *
 * A mapping named OTEL_CTX, in the worker's own memory, with its resource and the names that thread
 * contexts (thread_context.h) use. The OpenTelemetry eBPF profiler and others look for it in
 * /proc/PID/maps; nothing is sent anywhere. Children that the app forks do not have it.
 */
#ifndef PELLUCID_PROBE_PROCESS_CONTEXT_H
#define PELLUCID_PROBE_PROCESS_CONTEXT_H

#include "pellucid/conf.h"
#include "pellucid/err.h"

struct pel_process_context {
    void *mapping; /* owned; NULL: none is published */
    size_t len;
};

/* Once a worker, after the fork, before there are other threads. keys: names of thread contexts'
 * attributes, in the order of their numbers; NULL ends them. 0, or -1 with err: nothing is
 * published. */
int pel_process_context_open(struct pel_process_context *c, const struct pel_conf *conf,
                             const uint8_t instance_id[16], int32_t pid, const char *const *keys,
                             struct pel_err *err);
void pel_process_context_close(struct pel_process_context *c);

#endif
