/*
 * api - what the app may ask and say about its request: the C side of `import pellucid`.
 *
 * pymod/pellucid/api.py binds these objects in a serving process; elsewhere inert.py stands in.
 *
 * Request (struct pel_api_request) is the app's view of one request. It is a Python object, alive
 * as long as anybody refers to it, and borrows the struct pel_request until that is over
 * (pel_api_end): then what the app set goes into the record, and the object is inert. Its ids stay
 * readable, for background tasks log and call others, too. What the app sets is kept in the object
 * and only copied at the end, on the thread of the request: other threads never touch the arena.
 *
 * Which request is current:
 *  - on the thread of a WSGI request, and in the steps of an ASGI request's own task: the one of
 *    pel_api_running, a pointer of the thread. The object is made when it is first asked for, so a
 *    request that does not ask pays two stores.
 *  - elsewhere: the value of one context variable, "pellucid". ASGI sets it in the first step of
 *    each request's task, once the app has imported the API or has a framework whose errors are
 *    heard (handled.h); tasks and asyncio.to_thread copy it. ThreadPoolExecutor and
 *    run_in_executor do not copy contexts: api.py carries the value for them.
 * Where there is a pointer the variable counts only if it belongs to the request of the pointer:
 * what an earlier request left behind is stale.
 *
 * Span (struct pel_api_span) is a piece of the app's work. While it is open in a context it is what
 * is current there, in place of its request, so that those opened inside it, also in tasks and
 * threads, become its children. It only records when its request is sampled, or kept, by the time
 * it is entered: else entering leaves no trace, and nothing is set. When it is left it goes to the
 * ring by itself (child.h), also after its request is over. A span refers to its request and to
 * what was current before, never the other way, so there are no cycles. Spans of an OpenTelemetry
 * SDK in the app and ours nest in each other: each is told of what the other has opened
 * (api_bridge.c).
 *
 * Counter and Histogram write their values into the table of the worker's slot (instrument.h),
 * which they look up when they are first used there: they may be made before the worker is.
 *
 * In a child that the app forks all of it stops at the worker's edge: its tables and rings have one
 * writer (forked.h).
 *
 * Everything needs the GIL and may be called on any thread.
 */
#ifndef PELLUCID_GATEWAY_API_H
#define PELLUCID_GATEWAY_API_H

#include "pellucid/attribute.h"
#include "pellucid/gateway.h"

struct pel_api_request {
    PyObject_HEAD struct pel_request *rq; /* borrowed; NULL once the request is over */
    uint8_t trace_id[16], span_id[8];
    uint8_t flags; /* trace-flags */
    bool is_debug;
    bool is_kept;
    PyObject *route;           /* owned str that the app has set, or NULL */
    PyObject *state, *baggage; /* owned str of a request that is over, or NULL: to hand on */
    PyObject *raised;          /* owned: what a framework has answered for (handled.h), or NULL */
    bool is_raised_open;       /* ... or may have: the app's own handler had yet to be asked */
    char *attributes;          /* owned, packed (attribute.h); NULL without any */
    size_t attributes_len;
};

struct pel_api_span {
    PyObject_HEAD PyObject *name;    /* owned str */
    PyObject *keys, *values;         /* owned tuples: attributes; NULL without */
    struct pel_api_request *request; /* owned; NULL: is not recorded, or not yet */
    PyObject *before;                /* owned: what was current; NULL unless open and recorded */
    PyObject *their_before;          /* owned: the same in the SDK (bridge.py); NULL without */
    unsigned depth;                  /* how often it is entered just now */
    uint64_t start_ns;
    uint8_t id[8], parent_id[8];
    uint8_t above_id[8]; /* parent_id, unless that is of an SDK: child.h */
    char *attributes;    /* owned, packed: those set since it was entered; NULL without any */
    size_t attributes_len;
};

/* The functions of pymod/pellucid/bridge.py. */
enum pel_api_bridge {
    PEL_BRIDGE_ENTER,
    PEL_BRIDGE_ENTER_SPAN,
    PEL_BRIDGE_LEAVE_SPAN,
    PEL_BRIDGE_INNERMOST,
    PEL_BRIDGE_N,
};
#define PEL_BRIDGE_NAMES "enter", "enter_span", "leave_span", "innermost"

/* What the gateways set up, and the context variable. */
struct pel_api {
    const struct pel_gateway *gateway; /* the one that is open */
    PyObject *current;                 /* owned: the context variable; NULL until pel_api_init */
    struct pel_probes *probes;         /* borrowed while a gateway is open, if spans go anywhere */
    struct pel_shm_instruments *instruments; /* borrowed while a gateway is open */
    PyObject *bridge[PEL_BRIDGE_N];          /* owned; NULL without an SDK in the app */
    PyObject *finder; /* owned: pymod/pellucid/sdk.py; NULL unless it waits for one, or has */
    bool binds_tasks; /* somebody may ask for the request in the tasks and threads of ASGI's */
    bool hands_trace_on, hands_baggage_on;
    uint64_t other_fields; /* pel_trace_other_fields */
};

extern struct pel_api pel_api;
extern _Thread_local struct pel_request *pel_api_running;
extern PyTypeObject pel_api_request_type, pel_api_span_type;
extern PyTypeObject pel_api_counter_type, pel_api_histogram_type;

/* Types and the context variable; as often as one likes. 0, or -1 with an exception. */
int pel_api_init(void);

/* A gateway opens or closes. 0, or -1 with an exception. */
int pel_api_open(const struct pel_gateway_env *env, const struct pel_gateway *gateway);
void pel_api_close(void);

/* Use pel_api_enter_task. */
void pel_api_bind(struct pel_request *rq);

/* Use pel_api_end. */
void pel_api_request_end(struct pel_request *rq);

/* The route that the app has set, if it has, goes into the record now; on the request's thread. */
void pel_api_note_route(struct pel_request *rq);

/* The request is about to go back to the transport; on its own thread. */
static inline void pel_api_end(struct pel_request *rq)
{
    if (PEL_UNLIKELY(rq->handle != NULL))
        pel_api_request_end(rq);
}

/* The object of rq: borrowed from it; NULL with an exception. */
struct pel_api_request *pel_api_request_of(struct pel_request *rq);

/* What is current: a new reference, or NULL, with an exception only when memory is short. */
PyObject *pel_api_current(void);

/* Makes scope (a Request, a Span, or None) current in this context. 0, or -1 with an exception. */
int pel_api_set_current(PyObject *scope);

/* The request of what is current, borrowed from it. */
static inline struct pel_api_request *pel_api_request_behind(PyObject *scope)
{
    return Py_IS_TYPE(scope, &pel_api_span_type) ? ((struct pel_api_span *)scope)->request
                                                 : (struct pel_api_request *)scope;
}

/* The id of the span that is current where scope is, and scope's own. */
void pel_api_span_id(PyObject *scope, uint8_t id[8]);
void pel_api_own_span_id(PyObject *scope, uint8_t id[8]);

/* --- api_span.c --- */

int pel_api_span_init(void);

/* --- api_bridge.c --- */

/* A gateway opens: does the app have an OpenTelemetry SDK? If not, it may import one later, which
 * is noticed. A gateway closes. */
void pel_api_bridge_open(void);
void pel_api_bridge_close(void);

static inline bool pel_api_has_bridge(void)
{
    return PEL_UNLIKELY(pel_api.bridge[0] != NULL);
}

/* Use pel_api_enter_bridge. */
void pel_api_bridge_cross(struct pel_request *rq);

/* Where there is a bridge: the SDK's current span takes the place of id, which is what is current
 * in r, if it was opened inside that. */
void pel_api_bridge_innermost(const struct pel_api_request *r, uint8_t id[8]);

/* Where there is a bridge: a span of ours in r is the SDK's current one, until it is left. What was
 * current before, or NULL (never an exception). */
PyObject *pel_api_bridge_enter_span(const struct pel_api_request *r, const uint8_t id[8]);
void pel_api_bridge_leave_span(PyObject *before);

/* The app is about to be called in this context, for rq: that is made the SDK's current span. */
static inline void pel_api_enter_bridge(struct pel_request *rq)
{
    if (pel_api_has_bridge())
        pel_api_bridge_cross(rq);
}

/* ASGI: the same in the first step of a request's task, whose tasks and threads are to know it. */
static inline void pel_api_enter_task(struct pel_request *rq)
{
    if (PEL_UNLIKELY(pel_api.binds_tasks))
        pel_api_bind(rq);
    pel_api_enter_bridge(rq);
}

/* --- api_instrument.c --- */

int pel_api_instruments_init(void);

/* --- api_carrier.c --- */

#define PEL_API_HEX(bytes) pel_api_hex(bytes, sizeof(bytes))
PyObject *pel_api_hex(const uint8_t *bytes, size_t len);

/* A tuple of the trace id and span_id, in hex. */
PyObject *pel_api_ids(const struct pel_api_request *r, const uint8_t span_id[8]);

/* The baggage that came with rq, in one or more fields; empty without, or from a stranger. A new
 * str, or NULL with an exception. */
PyObject *pel_api_baggage(const struct pel_request *rq);

/* Header fields that make a call to another service a child of span_id: a tuple of pairs. */
PyObject *pel_api_carrier(const struct pel_api_request *r, const uint8_t span_id[8]);

/* --- api_attributes.c --- */

/* Adds key = value to the packed attributes of *room, which is made when it is NULL. A value that
 * is no str, bool, int or float counts as str(value). Never raises: what cannot be had is left out.
 */
void pel_api_attribute(char **room, size_t *len, PyObject *key, PyObject *value);

#endif
