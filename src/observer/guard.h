/*
 * guard - who may read the admin address.
 *
 * With admin.token: whoever sends it. Without one: whoever can connect, which is this machine or a
 * unix socket (the configuration insists, and so does the guard: a socket that systemd passed, or
 * that was bound before a reload took the token away, may be public); but not a web page in a
 * browser of this machine that has given our address a name of its own (DNS rebinding), so that
 * Host must be an address, localhost or the name in admin.bind.
 */
#ifndef PELLUCID_OBSERVER_GUARD_H
#define PELLUCID_OBSERVER_GUARD_H

#include <sys/socket.h>

#include "pellucid/conf.h"
#include "pellucid/http.h"

/* Who can connect to a listening socket. */
enum pel_reach { PEL_REACH_UNIX = 0, PEL_REACH_LOOPBACK, PEL_REACH_PUBLIC };

/* Of the address a socket is bound to. */
enum pel_reach pel_guard_reach(const struct sockaddr *bound);

/* 0, or the status to refuse with: 401 (no token, or a wrong one) or 403 (a strange Host, or a
 * public socket without a token). */
uint16_t pel_guard_check(const struct pel_conf *conf, const struct pel_head *head,
                         enum pel_reach reach);

#endif
