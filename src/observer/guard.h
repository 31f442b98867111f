/*
 * guard - who may read the admin address.
 *
 * With admin.token: whoever sends it. Without one: whoever can connect, which is this machine or a
 * unix socket (the configuration insists); but not a web page in a browser of this machine that has
 * given our address a name of its own (DNS rebinding), so that Host must be an address, localhost
 * or the name in admin.bind.
 */
#ifndef PELLUCID_OBSERVER_GUARD_H
#define PELLUCID_OBSERVER_GUARD_H

#include "pellucid/conf.h"
#include "pellucid/http.h"

/* 0, or the status to refuse with: 401 (no token, or a wrong one) or 403 (a strange Host). */
uint16_t pel_guard_check(const struct pel_conf *conf, const struct pel_head *head, bool is_unix);

#endif
