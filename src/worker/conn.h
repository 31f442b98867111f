/*
 * conn - one client connection, from accept to close.
 *
 * Small: what a request needs (h1.h) is there only while a message is in progress. The socket
 * is non-blocking; a uv_poll_t watches it, reads and writes are our own system calls.
 *
 * Owner: the loop, until a request of it is given to an application thread (threaded mode); then
 * that thread alone reads, writes and decides, and at the end gives it back. The loop does not stop
 * watching meanwhile, since mostly nothing arrives; if something does, it stops then
 * (PEL_OWNER_APP_UNWATCHED). In loop mode a connection is always the loop's.
 */
#ifndef PELLUCID_WORKER_CONN_H
#define PELLUCID_WORKER_CONN_H

#include <netinet/in.h>

#include "loop.h"
#include "pellucid/buf.h"

/* Most bytes kept of requests behind the present one, and of a body that the app does not read. */
#define PEL_PENDING_MAX 65536
#define PEL_BODY_MAX 65536
/* Most bytes of an unread body that are skipped to keep the connection. */
#define PEL_SKIP_MAX 65536
/* Most bytes taken from a client to whom the last answer has been sent. */
#define PEL_LINGER_MAX (1U << 20)

enum pel_conn_state {
    PEL_CONN_IDLE = 0, /* between messages */
    PEL_CONN_HEAD,     /* a head is arriving */
    PEL_CONN_HOLD,     /* threaded: head complete, body arriving, not yet with the app */
    PEL_CONN_APP,      /* with the app */
    PEL_CONN_SEND,     /* the app is done, the loop sends the rest */
    PEL_CONN_SKIP,     /* answered; the rest of the body is skipped */
    PEL_CONN_LINGER,   /* answered for the last time; waits for the client to close */
    PEL_CONN_CLOSED,   /* descriptor closed; freed when libuv and the app let go */
};

_Static_assert(PEL_VITAL_CONN_LINGER - PEL_VITAL_CONN_IDLE == PEL_CONN_LINGER,
               "tbl/vitals.h has a row for each state but the last");

enum pel_conn_owner { PEL_OWNER_LOOP = 0, PEL_OWNER_APP, PEL_OWNER_APP_UNWATCHED };

struct pel_conn {
    uv_poll_t poll;
    struct pel_loop *loop;
    const struct pel_port *port; /* it came in by; NULL after a hand-over */
    struct pel_h1 *h1;           /* the message in progress, or NULL */
    struct pel_list link;        /* in loop->conns */
    struct pel_list holding;     /* in loop->holding */
    struct pel_list late;        /* in loop->wave.late */
    struct pel_wheel_entry deadline;
    struct pel_conn *next_in_inbox;
    struct pel_buf pending; /* read, but behind the present message, from pending_at on */
    size_t pending_at;
    uint64_t since_ns;  /* accepted, or became idle */
    uint64_t accept_ns; /* waited in the kernel before, until that is on a record; 0 = unknown */
    uint64_t n_requests;
    int fd;                /* -1 when closed */
    _Atomic uint8_t owner; /* enum pel_conn_owner */
    uint8_t state;         /* enum pel_conn_state */
    uint8_t events;        /* watched: UV_READABLE, UV_WRITABLE */
    bool is_eof;           /* the client sends no more */
    bool is_gone;          /* an error was seen, or closed: nothing more can be sent */
    bool is_unix;
    bool is_handed_over;        /* another process has the connection now */
    bool is_handle_closed;      /* libuv has let go */
    bool has_arrived;           /* bytes of it are to be parsed: wave.h */
    bool is_held_long;          /* HOLD: it has waited for its body long enough */
    uint32_t lingered, skipped; /* bytes discarded */
    uint16_t peer_port, local_port;
    uint8_t peer_len, local_len;
    char peer[INET6_ADDRSTRLEN];  /* numeric address */
    char local[INET6_ADDRSTRLEN]; /* when the port listens on a wildcard */
};

/* The states of open connections are counted. Loop held. */
static inline void pel_conn_enter(struct pel_conn *c, enum pel_conn_state state)
{
    pel_vital_sub(&c->loop->slot->vitals, PEL_VITAL_CONN_IDLE + (enum pel_vital)c->state, 1);
    if (state != PEL_CONN_CLOSED)
        pel_vital_add(&c->loop->slot->vitals, PEL_VITAL_CONN_IDLE + (enum pel_vital)state, 1);
    c->state = (uint8_t)state;
}

/* Takes fd (non-blocking) over and begins to watch it. Loop held. False when that failed; fd is
 * closed then. port may be NULL. */
bool pel_conn_open(struct pel_loop *loop, int fd, const struct pel_port *port,
                   const struct sockaddr *peer);

/* Lets go at once; a request that is with the app keeps the memory until it is finished. */
void pel_conn_close(struct pel_conn *c);

/* Shuts the sending side and waits for the client to have read. */
void pel_conn_linger(struct pel_conn *c);

/* The deadline of its present state has passed. */
void pel_conn_expire(struct pel_conn *c);

/* May c bring another request: one that is here already, or one that is still to come? */
static inline bool pel_conn_may_bring(const struct pel_conn *c)
{
    return !c->is_eof || c->pending.len > 0;
}

/* The socket is in error. */
void pel_conn_broken(struct pel_conn *c);

/* Watches exactly these events. */
void pel_conn_watch(struct pel_conn *c, int events);

/* Sets the deadline anew, counted from loop->now_ns. */
void pel_conn_arm(struct pel_conn *c, enum pel_timeout timeout);
void pel_conn_disarm(struct pel_conn *c);

/* Numeric addresses of the client and of the side it came in on; unix sockets: the path for both.
 */
struct pel_str pel_conn_peer(const struct pel_conn *c);
struct pel_str pel_conn_local(const struct pel_conn *c);
uint16_t pel_conn_local_port(const struct pel_conn *c);

/* Frees the message in progress, and c itself when it was closed before that ended. */
void pel_conn_drop_h1(struct pel_conn *c);

/* Between the two a closed c outlives its message. let_go takes what hold returned. */
bool pel_conn_hold(struct pel_conn *c);
void pel_conn_let_go(struct pel_conn *c, bool is_handle_closed);

/* --- conn_read.c --- */

/* The socket is readable. */
void pel_conn_read(struct pel_conn *c);
/* Bytes were read. */
void pel_conn_take(struct pel_conn *c, const char *p, size_t len);
/* Goes on with bytes kept while a message was in progress. */
void pel_conn_input_pending(struct pel_conn *c);
/* Gives a held request to the app whose body has been waited for long enough. */
void pel_conn_hold_no_longer(struct pel_conn *c);
/* The app has taken some of the body (loop mode): reads again when there is room. */
void pel_conn_want_body(struct pel_conn *c);
/* Gives held requests to the app, as far as there are places. */
void pel_conn_release_held(struct pel_loop *loop);
/* It holds its request no longer. */
void pel_conn_leave_holding(struct pel_conn *c);

/* --- conn_send.c --- */

/* The socket is writable. */
void pel_conn_send(struct pel_conn *c);
/* Tells a loop gateway that the client sends no more, or is gone: each once. */
void pel_conn_tell_gone(struct pel_conn *c);
/* The message is over; the next one begins. */
void pel_conn_next(struct pel_conn *c);

/* The app is done with the request of c: sends the rest, then goes on as h1->fate has it. Loop
 * held. */
void pel_conn_settle(struct pel_conn *c);
/* Its second half, for an answer that was kept and has been sent. */
void pel_conn_conclude(struct pel_conn *c);
/* The same as settle from a thread that does not hold the loop; GIL held. */
void pel_conn_give_back(struct pel_conn *c);

#endif
