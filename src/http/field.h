/*
 * field - header fields on their way out: what an app gave is checked here, and only here.
 */
#ifndef PELLUCID_HTTP_FIELD_H
#define PELLUCID_HTTP_FIELD_H

#include "pellucid/http.h"

/* What a response does with a field of the app. */
enum pel_field_kind {
    PEL_KIND_PLAIN = 0,
    PEL_KIND_LENGTH,     /* Content-Length */
    PEL_KIND_CONNECTION, /* Connection */
    PEL_KIND_UPGRADE,    /* Upgrade */
    PEL_KIND_HOP,        /* the server's own business; dropped */
    PEL_KIND_DATE,
    PEL_KIND_SERVER,
};
/* name is a token, in any case. */
enum pel_field_kind pel_field_kind(struct pel_str name);

/* 0, or -1 with err when name is no token or value holds CR, LF, NUL or another control byte. */
int pel_field_check(const struct pel_field *f, struct pel_err *err);

/* "name: value CRLF"; the room needed is pel_field_room. */
char *pel_field_put(char *at, const struct pel_field *f);

static inline size_t pel_field_room(const struct pel_field *f)
{
    return f->name.len + f->value.len + 4;
}

#endif
