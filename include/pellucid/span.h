/*
 * span - a finished request as it travels from a worker to the observer: one ring entry.
 *
 * Written by the span probe for requests that are sampled or kept, read by the observer, which
 * makes OTLP spans and its own list of recent requests of them. The numbers are those of the
 * record; the texts follow each other without terminators in the order of tbl/span_strings.h and
 * are bytes as the client sent them, not yet UTF-8.
 */
#ifndef PELLUCID_SPAN_H
#define PELLUCID_SPAN_H

#include "pellucid/record.h"
#include "pellucid/ring.h"
#include "pellucid/time.h"

struct pel_conf;

enum pel_span_string {
#define PEL_SPAN_STRING(name, field, max_len, end) PEL_SPAN_STR_##name,
#include "pellucid/tbl/span_strings.h"
#undef PEL_SPAN_STRING
    PEL_SPAN_STR_N
};

enum pel_span_flag {
    PEL_SPAN_SAMPLED = 1, /* the head decision; without it the span was kept for a reason below */
    PEL_SPAN_SLOW = 2,
    PEL_SPAN_FAILED = 4, /* pel_record_is_failed */
    PEL_SPAN_HAS_PARENT = 8,
    PEL_SPAN_IS_HTTPS = 16,
    PEL_SPAN_KEPT = 32, /* the app has asked for it */
    PEL_SPAN_HAS_LINK = 64,
    PEL_SPAN_SLOWEST = 128, /* kept only if it is still one of the slowest at the minute's end */
    PEL_SPAN_TIMED_OUT = 256,
};

/* trace.keep "slowest": so many of each route and minute (of the monotonic clock). */
#define PEL_SLOWEST_N 3
#define PEL_SLOWEST_MINUTE_NS (60 * PEL_NS_PER_SEC)

struct pel_span_entry {
    struct pel_ring_entry ring;
    uint64_t stamp_ns[PEL_STAMP_N];
    uint64_t phase_ns[PEL_REQUEST_PHASE_N];
    struct pel_spent spent;
    uint64_t proxy_ns, accept_ns;
    uint64_t bytes_in, bytes_out, body_in, body_out;
    uint64_t thread_id, connection_requests, worker_requests;
    uint8_t trace_id[16], span_id[8], parent_span_id[8];
    struct pel_trace_link link; /* with HAS_LINK */
    uint8_t instance_id[16];    /* of the worker: service.instance.id */
    int32_t pid;
    uint32_t flags; /* of enum pel_span_flag */
    uint16_t status;
    uint16_t client_port, peer_port;
    uint8_t trace_flags, version_minor, error, route_source;
    uint16_t str_len[PEL_SPAN_STR_N];
    char strings[];
};

/* Who writes the entry: the present worker of a slot, or one that has died. */
struct pel_span_worker {
    int32_t pid;
    uint8_t instance_id[16];
    uint64_t n_requests; /* of this worker, this one included */
};

/* Producer: false when the ring is full. */
bool pel_span_write(struct pel_shm_ring *ring, const struct pel_record *rec,
                    const struct pel_span_worker *worker, uint32_t flags);

/* What trace.keep asks for, as enum pel_span_flag; KEPT is always among it. */
uint32_t pel_span_keeps(const struct pel_conf *conf);

/* Is a span of these flags exported at once? One of the SLOWEST is a matter of its minute. */
static inline bool pel_span_is_kept(uint32_t flags, uint32_t keeps)
{
    return flags & (PEL_SPAN_SAMPLED | (keeps & ~(uint32_t)PEL_SPAN_SLOWEST));
}

/* Does the configuration send spans anywhere? (The admin address shows them in any case.) */
bool pel_span_is_exported(const struct pel_conf *conf);

/* Consumer: is this copy of an entry sound? Required before the call below. */
bool pel_span_is_valid(const struct pel_span_entry *entry);
struct pel_str pel_span_string(const struct pel_span_entry *entry, enum pel_span_string which);
/* All of them. */
void pel_span_strings(const struct pel_span_entry *entry, struct pel_str out[PEL_SPAN_STR_N]);

#endif
