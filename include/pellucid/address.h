/*
 * address - where to listen, as server.bind and admin.bind write it.
 *
 * Pure functions over text: nothing is resolved or opened. Any process, any thread.
 */
#ifndef PELLUCID_ADDRESS_H
#define PELLUCID_ADDRESS_H

#include "pellucid/base.h"
#include "pellucid/err.h"

enum pel_address_kind {
    PEL_ADDRESS_TCP = 0, /* host:port, [::1]:port, :port (every IPv4 interface) */
    PEL_ADDRESS_UNIX,    /* unix:/path, unix:@name (abstract) */
    PEL_ADDRESS_FD,      /* fd://N */
};

struct pel_address {
    enum pel_address_kind kind;
    char host[256]; /* of TCP: numeric or a name, without brackets; never empty */
    uint16_t port;  /* 0 = any free one */
    char path[108]; /* of UNIX, as large as sun_path; terminated */
    int fd;         /* of FD; else -1 */
};

/* 0, or -1 with what is wrong with text ("has no port"). out is untouched then. */
int pel_address_parse(struct pel_address *out, const char *text, struct pel_err *err);

/* Is it reachable from this machine only: a unix socket, "localhost", 127.0.0.0/8, ::1? What a
 * descriptor is cannot be told, so that it is not. */
bool pel_address_is_local(const struct pel_address *a);

#endif
