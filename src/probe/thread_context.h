/*
 * thread_context - whose request a thread of the app works for, for profilers of the machine
 * (OTEP 4947).
 *
 * otel_thread_ctx_v1 is a variable of each thread, exported by name, that points to the trace, span
 * and attributes of the request whose app runs on it, or is NULL. A profiler that interrupts the
 * thread reads it, and so its samples are linked with the request's span. Only the thread itself
 * writes; what is between two writes of is_valid may be in any state.
 *
 * A file of its own, since it is compiled for the model of thread-local storage that profilers find
 * a variable by; all others have the quicker one that a module loaded for good may use.
 */
#ifndef PELLUCID_PROBE_THREAD_CONTEXT_H
#define PELLUCID_PROBE_THREAD_CONTEXT_H

#include "pellucid/record.h"

/* Room for attributes. What does not fit is left out: those that matter are short, and storage of
 * threads in loaded modules is scarce. */
#define PEL_THREAD_CONTEXT_ATTRIBUTES_LEN 100

struct pel_thread_context {
    uint8_t trace_id[16], span_id[8];
    uint8_t is_valid; /* 1, or not to be read */
    uint8_t trace_flags;
    uint16_t attributes_len;
    uint8_t attributes[PEL_THREAD_CONTEXT_ATTRIBUTES_LEN]; /* number of the key, length, value */
};

/* Of each thread, for profilers to read. NULL: it works for no request. */
extern __attribute__((
    visibility("default"))) _Thread_local struct pel_thread_context *otel_thread_ctx_v1;

/* The numbers of keys: http.request.method, http.route. NULL ends them. */
extern const char *const pel_thread_context_keys[];

/* Worker, the thread that runs the app: it does so for the request of rec; it does no more. */
void pel_thread_context_enter(const struct pel_record *rec);
void pel_thread_context_leave(void);

#endif
