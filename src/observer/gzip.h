/*
 * gzip - one buffer compressed into another, and back (RFC 1952).
 *
 * One thread, that of the observer's loop: the work memory is kept (some 320 KiB).
 */
#ifndef PELLUCID_OBSERVER_GZIP_H
#define PELLUCID_OBSERVER_GZIP_H

#include "pellucid/buf.h"

/* Appends the compressed bytes to out. Fast rather than small: spans repeat themselves. */
void pel_gzip(struct pel_buf *out, struct pel_str in);

/* Fills out with the len bytes that in is made of; false when it is made of something else. */
bool pel_gunzip(char *out, size_t len, struct pel_str in);

#endif
