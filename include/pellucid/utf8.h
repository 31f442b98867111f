/*
 * utf8 - bytes of others made valid UTF-8. Any thread.
 *
 * Each byte that is none, and NUL, becomes U+FFFD, so what comes out is never shorter.
 */
#ifndef PELLUCID_UTF8_H
#define PELLUCID_UTF8_H

#include "pellucid/base.h"

/* Bytes that s takes as UTF-8, and writing it into room of that length; not terminated. Where the
 * next byte goes. */
size_t pel_put_utf8_len(struct pel_str s);
char *pel_put_utf8(char *at, struct pel_str s, size_t utf8_len);

#endif
