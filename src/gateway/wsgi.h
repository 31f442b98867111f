/*
 * wsgi - what the files of the WSGI gateway share (PEP 3333).
 *
 * One request is one exchange: the object that the app knows as start_response. Everything else
 * the app is given (wsgi.input, write, wsgi.early_hints) holds a reference to it. The app may keep
 * any of them for longer than the request, and use them from other threads; so whoever touches the
 * request does it between pel_exchange_enter and pel_exchange_leave, which let one thread in at a
 * time and nobody once the request is over. All functions need the GIL.
 */
#ifndef PELLUCID_GATEWAY_WSGI_H
#define PELLUCID_GATEWAY_WSGI_H

#include "pellucid/gateway.h"

struct pel_exchange {
    PyObject ob_base;
    vectorcallfunc vectorcall;
    struct pel_request *rq;   /* NULL once the request is over */
    PyObject *environ;        /* borrowed from respond(); NULL once the request is over */
    Py_ssize_t environ_len;   /* before the app had it */
    struct pel_field *fields; /* of start_response; in the request's arena, like reason */
    size_t n_fields;
    struct pel_str reason;
    uint16_t status;
    bool is_started;      /* start_response was called */
    bool declares_length; /* ... with a Content-Length */
    bool is_sent;         /* all that the app's iterable gave: there is no place for more */
    bool is_misused;      /* the app broke the protocol and was told so by an exception */
    unsigned long owner;  /* the thread that is inside, as PyThread_get_thread_ident; 0 = none */
    unsigned n_waiting;   /* threads that want to be */
};

/* What the gateway holds while it is open. Borrowed by everyone. */
struct pel_wsgi {
    const struct pel_conf *conf;
    struct pel_probes *probes;
    PyObject *app;               /* owned */
    PyObject *base_environ;      /* owned dict: what wsgi_environ.c copies */
    struct pel_str root_path;    /* in conf */
    uint64_t hidden_fields;      /* pel_trace_hidden_fields, and Host */
    uint64_t other_trace_fields; /* pel_trace_other_fields */
    bool hands_trace_on;         /* trace.propagators has tracecontext */
    bool has_interned;           /* the constants of strings.h */
};

extern struct pel_wsgi pel_wsgi;

/* --- wsgi_exchange.c --- */

/* Lets the calling thread touch x->rq; may release the GIL to wait for another one. 0, or -1 with
 * RuntimeError: the request is over, or this very thread is inside already. */
int pel_exchange_enter(struct pel_exchange *x);
void pel_exchange_leave(struct pel_exchange *x);

/* As enter, for the thread that carries the request: waits, and cannot fail. */
void pel_exchange_lock(struct pel_exchange *x);

/* Waits for threads that are inside, then cuts x off from the request. */
void pel_exchange_end(struct pel_exchange *x);

/* Sends the head as start_response gave it, unless it was sent. body_len as in send_head. 0, or -1
 * with err: start_response was not called, or the head is unusable. Entered. */
int pel_exchange_send_head(struct pel_exchange *x, int64_t body_len, struct pel_err *err);

/* Would len more body bytes be more than the app's Content-Length? After the head. */
bool pel_exchange_exceeds(const struct pel_exchange *x, uint64_t len);

/* Takes the exception that the app raised: log and record. Locked. */
void pel_exchange_app_failed(struct pel_exchange *x);

/* Raises what the transport's complaint (rec.error) about the client amounts to: TimeoutError,
 * ConnectionResetError or OSError. Returns NULL. */
PyObject *pel_exchange_raise_gone(const struct pel_request *rq, const char *doing);

/* A bytes object as the transport takes it. */
static inline struct pel_piece pel_wsgi_piece(PyObject *bytes)
{
    return (struct pel_piece){pel_str(PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes)),
                              bytes};
}

/* --- wsgi_fields.c --- */

/* A list of (name, value) tuples as fields in the request's arena. 0, or -1 with TypeError or
 * ValueError that says which field is wrong, and how.
 * Hop-by-hop fields, which PEP 3333 forbids, are dropped by the response as an ASGI app's are. */
int pel_wsgi_fields(struct pel_request *rq, PyObject *list, struct pel_field **fields, size_t *n);

/* --- wsgi_start_response.c --- */

int pel_exchange_type_init(void);
struct pel_exchange *pel_exchange_new(struct pel_request *rq, PyObject *env);

/* --- wsgi_method.c: callables of the app's that belong to an exchange, and keep it alive --- */

struct pel_wsgi_method {
    const char *name;
    /* Entered. A new reference, or NULL with an exception. */
    PyObject *(*run)(struct pel_exchange *x, PyObject *arg);
};

extern const struct pel_wsgi_method pel_wsgi_write;       /* wsgi_write.c */
extern const struct pel_wsgi_method pel_wsgi_early_hints; /* wsgi_early_hints.c */

int pel_wsgi_method_type_init(void);
PyObject *pel_wsgi_method_new(const struct pel_wsgi_method *of, struct pel_exchange *x);

/* --- wsgi_input.c: a new reference; it keeps x alive --- */

int pel_wsgi_input_type_init(void);
PyObject *pel_wsgi_input_new(struct pel_exchange *x);

/* --- wsgi_file_wrapper.c --- */

extern PyTypeObject pel_wsgi_file_wrapper_type;

int pel_wsgi_file_wrapper_type_init(void);

/* The descriptor of a regular file that sendfile may read instead of the object: its fd (borrowed)
 * with the object's position and the bytes behind it, or -1 when it must be read. Never raises. */
int pel_wsgi_file_wrapper_fd(PyObject *wrapper, uint64_t *offset, uint64_t *len);

/* --- wsgi_environ.c --- */

/* Fills pel_wsgi: what requests have in common. 0, or -1 with an exception. */
int pel_wsgi_environ_prepare(const struct pel_gateway_env *genv);

/* The environ of a request, still without wsgi.input and wsgi.early_hints: a new reference, or NULL
 * with an exception. */
PyObject *pel_wsgi_environ_new(struct pel_request *rq);

/* --- wsgi_kept.c --- */

/* Puts the keys into base_environ whose values are kept from request to request. 0 or -1. */
int pel_wsgi_kept_init(void);

/* Makes base_environ say what rq says: request line, server, client, Host. 0, or -1 with an
 * exception. */
int pel_wsgi_keep(struct pel_request *rq);

/* --- wsgi_response.c --- */

/* Sends what the app returned, up to the end of the message. 0: complete. -1: it failed, or the
 * client is gone; logged and in the record. The caller calls close() of the iterable. Locked, but
 * while the app's iterator runs. */
int pel_wsgi_send(struct pel_exchange *x, PyObject *iterable);

#endif
