/*
 * admin - a small HTTP/1.1 server for the pages of page.h, on the observer's loop.
 *
 * One thread, that of the loop. It answers GET and HEAD, one request after the other on a
 * connection, from memory. A slow or silent client costs one of PEL_ADMIN_CONNECTIONS for at most
 * PEL_ADMIN_TIMEOUT_MS, an idle one for PEL_ADMIN_IDLE_MS; those that take no answer are let go
 * earlier when others want their place.
 */
#ifndef PELLUCID_OBSERVER_ADMIN_H
#define PELLUCID_OBSERVER_ADMIN_H

#include "page.h"

#define PEL_ADMIN_CONNECTIONS 64
#define PEL_ADMIN_TIMEOUT_MS 10000 /* for a request head, and for taking an answer */
#define PEL_ADMIN_IDLE_MS 75000

struct pel_admin_listener;

struct pel_admin {
    uv_loop_t *loop;             /* borrowed */
    const struct pel_view *view; /* borrowed */
    struct pel_conf conf;        /* that of the view with the limits of this server; owns nothing */
    struct pel_admin_listener *listeners; /* owned */
    size_t n_listeners;
    struct pel_list conns; /* idle longest first */
    size_t n_conns;
    char room[16384]; /* what is read, until it is parsed */
};

/* Owns fds from now on, also when it fails. 0, or -1 with err; close must follow in either case. */
int pel_admin_open(struct pel_admin *admin, uv_loop_t *loop, const struct pel_view *view,
                   const int *fds, size_t n_fds, struct pel_err *err);

/* Closes everything; answers under way are cut. The loop must run until the handles are gone. */
void pel_admin_close(struct pel_admin *admin);

#endif
