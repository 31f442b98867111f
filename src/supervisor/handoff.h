/*
 * handoff - idle keep-alive connections on their way from a worker that leaves to one that stays.
 *
 * The client notices nothing. A worker that serves gets them in turn; while all their sockets are
 * full they wait here, in order; with nobody to take them they are closed, as an idle connection
 * may be at any time.
 */
#ifndef PELLUCID_SUPERVISOR_HANDOFF_H
#define PELLUCID_SUPERVISOR_HANDOFF_H

#include "pellucid/ipc.h"

struct pel_member;
struct pel_supervisor;

void pel_handoff_init(struct pel_supervisor *sv);
void pel_handoff_fini(struct pel_supervisor *sv); /* closes what waits */

/* Takes fd over (-1: nothing to do) and finds a worker other than from. */
void pel_handoff(struct pel_supervisor *sv, const struct pel_member *from,
                 const struct pel_msg *msg, int fd);

#endif
