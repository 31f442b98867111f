/*
 * forwarded - the syntax of Forwarded (RFC 7239) and of the addresses in X-Forwarded-For. Nothing
 * here decides whom to believe. Pure functions over slices.
 */
#ifndef PELLUCID_HTTP_FORWARDED_H
#define PELLUCID_HTTP_FORWARDED_H

#include "pellucid/http.h"

/* One forwarded-element, its values unquoted; absent parameters have p == NULL. */
struct pel_forwarded {
    struct pel_str node; /* for= */
    struct pel_str proto, host;
    bool is_empty; /* nothing stood between the commas */
};

/* Appends the elements of one field value to out, of which n are in use; -1 when the value is
 * malformed or max would be exceeded, else the new n. Values with escapes are copied to arena. */
int pel_forwarded_parse(struct pel_str value, struct pel_arena *arena, struct pel_forwarded *out,
                        int n, int max);

/* An address with an optional port: 192.0.2.1:80, 2001:db8::1, [2001:db8::1]:80. False for anything
 * else, obfuscated identifiers and "unknown" included. */
bool pel_forwarded_node(struct pel_str s, struct pel_str *address, uint16_t *port);

#endif
