/*
 * port - a listening socket of a worker. The socket is shared with the other workers; closing its
 * own descriptor stops only its own accepting. Owner: the loop.
 */
#ifndef PELLUCID_WORKER_PORT_H
#define PELLUCID_WORKER_PORT_H

#include "loop.h"

struct pel_port {
    uv_poll_t poll;
    struct pel_loop *loop;
    const struct pel_listener *listener;
    struct pel_str name; /* of listener */
    int fd;              /* the listener's, or a duplicate; -1 = closed */
    bool is_wildcard;    /* the local address differs from connection to connection */
    bool is_paused;      /* the process has no descriptors left: accepting waits */
};

/* Opens one port for each listener of the environment and begins to accept. 0, or -1 with err. */
int pel_ports_open(struct pel_loop *loop, struct pel_err *err);

/* Takes every connection that waits already: when all workers stop, nobody else would. */
void pel_ports_clear(struct pel_loop *loop);

/* Stops accepting. Harmless when nothing is open; the memory goes with the loop. */
void pel_ports_close(struct pel_loop *loop);

#endif
