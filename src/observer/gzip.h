/* gzip - one buffer compressed into another (RFC 1952). */
#ifndef PELLUCID_OBSERVER_GZIP_H
#define PELLUCID_OBSERVER_GZIP_H

#include "pellucid/buf.h"

/* Appends the compressed bytes to out. Fast rather than small: spans repeat themselves. */
void pel_gzip(struct pel_buf *out, struct pel_str in);

#endif
