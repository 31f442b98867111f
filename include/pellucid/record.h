/*
 * record - everything known about one request, in one place.
 *
 * Owner: the request it is embedded in, and so one thread at a time. The http layer, the worker and
 * the gateway write into it (tbl/stamps.h says who stamps what); the probes read it once, when the
 * request is finished (probe.h). Slices point into the request's arena or to longer-lived memory.
 */
#ifndef PELLUCID_RECORD_H
#define PELLUCID_RECORD_H

#include "pellucid/base.h"

enum pel_stamp {
#define PEL_STAMP(name, text, who) PEL_STAMP_##name,
#include "pellucid/tbl/stamps.h"
#undef PEL_STAMP
    PEL_STAMP_N
};

enum pel_request_phase {
#define PEL_REQUEST_PHASE(name, text, end, meaning) PEL_REQUEST_PHASE_##name,
#include "pellucid/tbl/phases.h"
#undef PEL_REQUEST_PHASE
    PEL_REQUEST_PHASE_N
};

enum pel_error {
#define PEL_ERROR(name, text, meaning) PEL_ERROR_##name,
#include "pellucid/tbl/errors.h"
#undef PEL_ERROR
    PEL_ERROR_N
};

/* Where the route came from (design.md §5); only NONE < source < TEMPLATED is exported as
 * http.route. */
enum pel_route_source {
    PEL_ROUTE_NONE = 0,
    PEL_ROUTE_API,
    PEL_ROUTE_CONFIG,
    PEL_ROUTE_FRAMEWORK,
    PEL_ROUTE_TEMPLATED,
};

struct pel_conf_route;
struct pel_shm_inflight;

/* Another span, as a trace context names it. */
struct pel_trace_link {
    uint8_t trace_id[16], span_id[8];
    uint8_t flags; /* W3C trace-flags */
};

#define PEL_TRACE_SAMPLED 0x01 /* of the W3C's trace-flags */

/* W3C trace context of this request: ids are ours to hand to the app (trace, our span). */
struct pel_trace {
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint8_t parent_span_id[8]; /* zeros when there is no parent */
    uint8_t flags;             /* W3C trace-flags towards the app: 01 sampled, 02 random */
    bool is_debug; /* B3 and Jaeger: sampled, and to be kept by all; W3C has no flag for it */
    bool has_parent;
    bool is_strange;            /* trace.trust does not cover who sent it */
    bool has_link;              /* a context came that is not trusted: a new trace, with a link */
    struct pel_trace_link link; /* to it */
    struct pel_str
        state; /* tracestate towards the app: as received, if valid, and "ot" as decided */
};

/* What the stamps do not tell of the time between them. */
struct pel_spent {
    uint64_t body_wait_ns;  /* the app waited for its client to send more of the body ... */
    uint64_t write_wait_ns; /* ... or to take more of the response */
    uint64_t cpu_ns;        /* of the app, on its thread: no less ... */
    uint64_t cpu_slack_ns;  /* ... than it was, but perhaps so much more (cputime.h) */
    uint64_t gil_wait_ns;   /* its thread waited for the GIL, in QUEUE (threaded only) or APP */
};

struct pel_record {
    uint64_t stamp_ns[PEL_STAMP_N];
    struct pel_spent spent;
    uint64_t phase_ns[PEL_REQUEST_PHASE_N]; /* pel_probes_finish makes them of the two above */
    uint64_t proxy_ns;  /* in the proxy before us, until FIRST_BYTE; 0 = unknown */
    uint64_t accept_ns; /* its connection waited to be accepted, before it; of the first one only */
    uint64_t gil_asked_ns;        /* a thread waits for the GIL to go on with it; 0 = none does */
    uint64_t bytes_in, bytes_out; /* on the wire, head and framing included */
    uint64_t body_in, body_out;   /* bodies alone, decoded */
    uint64_t thread_id;           /* kernel tid of the thread that ran the app */
    uint64_t connection_requests; /* this is the n-th request of its connection, from 1 */
    struct pel_shm_inflight *inflight; /* borrowed: what the observer sees of it; NULL = nothing */
    struct pel_shm_active *active;     /* borrowed: where it has begun; NULL = not, or finished */
    uint16_t status;                   /* 0 = no response was begun */
    uint8_t version_minor;             /* HTTP/1.x */
    enum pel_error error;
    bool is_kept; /* the app wants it exported */
    enum pel_route_source route_source;
    struct pel_str method;           /* as received */
    struct pel_str path;             /* raw, percent-encoded, without query */
    struct pel_str query;            /* without "?" */
    struct pel_str scheme;           /* "http" or "https", as trusted proxies have it */
    struct pel_str host;             /* Host as trusted proxies have it; may hold ":port" */
    struct pel_str client;           /* client.address: peer or, from trusted proxies, Forwarded */
    struct pel_str peer;             /* network.peer.address, or the path of a unix socket */
    uint16_t client_port, peer_port; /* 0 = unknown */
    struct pel_str user_agent, referer;
    struct pel_str route;
    struct pel_str exc_type, exc_message, exc_stack; /* UTF-8 */
    const struct pel_conf_route *conf_route;         /* the [[route]] that matched, or NULL */
    struct pel_str attributes;                       /* of the app, packed (attribute.h) */
    struct pel_trace trace;
};

static inline void pel_record_stamp(struct pel_record *rec, enum pel_stamp stamp, uint64_t now_ns)
{
    rec->stamp_ns[stamp] = now_ns;
}

extern const char *const pel_request_phase_texts[PEL_REQUEST_PHASE_N];

const char *pel_error_text(enum pel_error error); /* "" for NONE */

/* Did the request fail on our side of the wire? A status of 500 and above, or an error other than a
 * refusal that was answered with 4xx. Such a request is an error span and kept as [trace] keep
 * says.
 */
bool pel_record_is_failed(const struct pel_record *rec);
bool pel_is_failed(uint16_t status, enum pel_error error); /* the same */

/* First byte to last byte; 0 when a stamp is missing. */
uint64_t pel_record_duration_ns(const struct pel_record *rec);

/*
 * Cuts the time from FIRST_BYTE to end_ns into phases, which add up to it. A stamp that is missing,
 * or out of order, gives its phase no time, unless the request did not come further: then that
 * phase has the rest. Times in which the app waited for its client are taken from APP. All zeros
 * without a FIRST_BYTE.
 */
void pel_record_phases(const struct pel_record *rec, uint64_t end_ns,
                       uint64_t phases_ns[PEL_REQUEST_PHASE_N]);

/* The route to export as http.route: empty unless its source is one of low cardinality. */
struct pel_str pel_record_route(const struct pel_record *rec);

static inline bool pel_record_is_https(const struct pel_record *rec)
{
    return rec->scheme.len == sizeof("https") - 1;
}

#endif
