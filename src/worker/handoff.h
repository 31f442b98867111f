/*
 * handoff - idle connections from a worker that leaves to one that stays, by way of the supervisor.
 * Loop held.
 */
#ifndef PELLUCID_WORKER_HANDOFF_H
#define PELLUCID_WORKER_HANDOFF_H

#include "loop.h"

/* Sends an idle connection away. It stays, and may be tried again, when the supervisor does not
 * read at the moment. */
void pel_handoff_give(struct pel_conn *c);

/* Takes over a connection that another worker gave; fd is owned. */
void pel_handoff_adopt(struct pel_loop *loop, int fd);

#endif
