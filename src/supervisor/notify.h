/*
 * notify - sd_notify: tells systemd (or whoever listens on NOTIFY_SOCKET) how the server is.
 *
 * Owner: the supervisor. Without NOTIFY_SOCKET everything here does nothing.
 */
#ifndef PELLUCID_SUPERVISOR_NOTIFY_H
#define PELLUCID_SUPERVISOR_NOTIFY_H

#include "pellucid/base.h"

struct pel_notify {
    int fd;               /* connected datagram socket, or -1 */
    uint64_t watchdog_ns; /* WATCHDOG=1 is expected at least this often; 0 = never */
};

/* Reads NOTIFY_SOCKET (a path, or @abstract), WATCHDOG_USEC and WATCHDOG_PID. */
void pel_notify_open(struct pel_notify *n);

/* Sends lines of NAME=value; failures are ignored, as whoever asked to be told may be gone. */
void pel_notify_send(const struct pel_notify *n, const char *fmt, ...) PEL_PRINTF(2, 3);

void pel_notify_close(struct pel_notify *n);

#endif
