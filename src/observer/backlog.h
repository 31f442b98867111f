/*
 * backlog - connections that wait in the kernel until a worker accepts them.
 *
 * Only the kernel knows them, by listening socket; it is asked over netlink (sock_diag) whenever a
 * page or an export wants to know, which takes some 20 us and disturbs no worker. The supervisor
 * has left in shared memory which sockets are ours. Where the kernel does not tell, there is
 * nothing. All calls are the observer's thread's.
 */
#ifndef PELLUCID_OBSERVER_BACKLOG_H
#define PELLUCID_OBSERVER_BACKLOG_H

#include "json.h"
#include "pellucid/shm.h"
#include "sink.h"

/* One listening socket of ours. */
struct pel_backlog {
    uint64_t waiting, limit; /* connections; beyond the limit the kernel accepts none */
    uint64_t dropped;        /* so far; TCP only */
    bool is_known, is_tcp;
};

/* items: one for each of the PEL_SHM_LISTENERS_N places of the header. */
void pel_backlog_read(struct pel_backlog *items, const struct pel_shm_header *header);

void pel_backlog_collect(struct pel_sink *sink, const struct pel_shm_header *header);
void pel_backlog_show(struct pel_json *j, const struct pel_shm_header *header);

#endif
