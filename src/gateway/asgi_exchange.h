/*
 * asgi_exchange - one request of an ASGI app: what is between its call and the transport.
 *
 * When the client leaves before the response is complete:
 *  - Tasks that wait in receive() get http.disconnect; those that wait in send(), and all later
 *    calls of it, get ClientDisconnected (an OSError, as spec 2.4 has it). An app that was told so
 *    is left alone: it cleans up in its own time.
 *  - An app that was not told, because it waits for something else, is cancelled: at once when it
 *    had begun its response, which nobody can read any more; otherwise after GONE_GRACE_S, since
 *    what it does may matter more than who asked for it.
 *  - A client that has only closed its sending side may still read, and one that has left looks the
 *    same until it is sent something. Until then send() of an app that was not told goes on, and
 *    the app is cancelled when nothing has left for GONE_GRACE_S.
 *  - Once the response is complete nothing is cancelled: background tasks run to their end.
 */
#ifndef PELLUCID_GATEWAY_ASGI_EXCHANGE_H
#define PELLUCID_GATEWAY_ASGI_EXCHANGE_H

#include "gateway/asgi_call.h"
#include "gateway/route.h"
#include "pellucid/request.h"

enum pel_asgi_phase {
    PEL_ASGI_SILENT = 0, /* no response yet */
    PEL_ASGI_STARTED,    /* http.response.start is held back until there is a body */
    PEL_ASGI_BODY,       /* the head is with the transport */
    PEL_ASGI_TRAILERS,   /* the body is complete; trailers are to follow */
    PEL_ASGI_COMPLETE,
};

/* Fields as the app gave them, copied into the arena. */
struct pel_asgi_fields {
    struct pel_field *items;
    size_t n;
    bool is_event_stream; /* content-type: text/event-stream */
};

/* In the request's arena. */
struct pel_asgi_exchange {
    struct pel_request *rq;
    struct pel_asgi_call *call; /* borrowed: this exchange ends before it, or with it */
    Py_ssize_t scope_len;       /* of the scope as the app was given it */
    uint64_t since_ns;          /* when its task's present step began; between two: since when
                                   nothing of ours keeps it from going on */
    uint64_t gil_ns; /* the thread's waits for the GIL that are charged, or not its own */
    PyObject *check; /* owned: the timer of the late cancellation, or NULL */
    uint64_t checked_bytes_out; /* what had been sent when it was set */
    enum pel_asgi_phase phase;
    uint16_t status;
    struct pel_asgi_fields fields, trailers;
    bool wants_trailers; /* the app will send trailers */
    bool is_body_read;   /* the app was given the end of the request's body */
    bool is_gone;        /* the client has left */
    bool may_still_read; /* ... before a response began, or has only closed its sending side */
    bool is_half_closed; /* ... the latter */
    bool is_told;        /* ... and the app knows */
    bool is_cancelled;   /* ... or was cancelled for it */
    bool is_misused;     /* the app broke the protocol and was told so by an exception */
};

/* Begins: makes the call and starts its task. The request is this module's from now on. */
void pel_asgi_exchange_start(struct pel_request *rq);

/* The app calls receive or send: its framework may be known by that. */
static inline void pel_asgi_exchange_note_framework(struct pel_asgi_exchange *ex)
{
    if (!ex->call->framework_own)
        ex->call->framework_own = pel_route_find_own_or_copy(ex->call->scope.dict);
}

/* Of struct pel_gateway. */
void pel_asgi_exchange_spent(const struct pel_request *rq, uint64_t now_ns,
                             struct pel_spent *spent);

/* The transport's events (gateway.h). */
void pel_asgi_exchange_body(struct pel_request *rq);
void pel_asgi_exchange_drain(struct pel_request *rq);
void pel_asgi_exchange_gone(struct pel_request *rq, bool may_read);

/* The response is complete: the request goes back to the transport now or, when the app is running
 * below us on the stack, as soon as it waits or returns. */
void pel_asgi_exchange_complete(struct pel_asgi_exchange *ex);

/* The app has begun to wait in ch for its client, which is that phase of the request, or goes on.
 */
void pel_asgi_exchange_shift(const struct pel_asgi_channel *ch, enum pel_request_phase phase);

/* Raises ClientDisconnected, and notes that the app knows. Returns NULL. */
PyObject *pel_asgi_exchange_raise_gone(struct pel_asgi_exchange *ex);

/* --- asgi_scope.c --- */

int pel_asgi_scope_init(void);
void pel_asgi_scope_fini(void);

/* The scope of rq; its dict is NULL with an exception. */
struct pel_asgi_scope pel_asgi_scope_new(struct pel_request *rq);

/* What all scopes are copies of. A dict in it stands for a copy, None for what each request has. */
struct pel_asgi_template {
    PyObject *scope;  /* owned; NULL while there is none */
    uint64_t version; /* another one whenever it changes */
};

extern struct pel_asgi_template pel_asgi_template;

/* --- asgi_lent.c: a scope that an app has left as it was is lent to a later request --- */

void pel_asgi_lent_init(void);
void pel_asgi_lent_fini(void);

/* A copy of the template, with copies of the dicts in it; its dict is NULL with an exception. */
struct pel_asgi_scope pel_asgi_lent_take(void);
/* The scope is as the app gets it. is_usual: beyond the template it has headers and client only. */
void pel_asgi_lent_mark(struct pel_asgi_lent *lender, bool is_usual);

/* --- asgi_receive.c --- */

extern const struct pel_asgi_channel_ops pel_asgi_receive_ops;

int pel_asgi_receive_init(void);
void pel_asgi_receive_fini(void);

/* --- asgi_fields.c --- */

/* An iterable of [bytes, bytes] pairs, appended to out in rq's arena. 0, or -1 with TypeError. */
int pel_asgi_fields_read(struct pel_request *rq, PyObject *headers, struct pel_asgi_fields *out);

/* An iterable of bytes, as that many fields of one name. 0, or -1 with TypeError. */
int pel_asgi_fields_links(struct pel_request *rq, PyObject *links, struct pel_asgi_fields *out);

/* --- asgi_send.c --- */

extern const struct pel_asgi_channel_ops pel_asgi_send_ops;

/* --- asgi_file.c --- */

/* http.response.pathsend: opens path, an absolute path of a regular file. The descriptor with its
 * size, or -1 with OSError, TypeError or ValueError. */
int pel_asgi_file_open(PyObject *path, uint64_t *size);

#endif
