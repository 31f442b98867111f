/*
 * escape - bytes of others made harmless for a log line.
 *
 * Pure functions. Text, between double quotes: printable ASCII but '"' and '\' stays, every other
 * byte is \xNN. JSON, inside a string: '"' and '\' get a backslash; control bytes (C1, U+2028 and
 * U+2029 too, which some readers take for line ends) are \u00NN or \uNNNN; valid UTF-8 stays; a
 * byte that is no UTF-8 is \u00NN. So no input can end the string, or the line.
 */
#ifndef PELLUCID_ESCAPE_H
#define PELLUCID_ESCAPE_H

#include "pellucid/base.h"

/* Writes at most max bytes (at least 16) to out and returns how many; what does not fit is cut and
 * "..." stands for it. */
size_t pel_escape_text(char *out, size_t max, struct pel_str s);
size_t pel_escape_json(char *out, size_t max, struct pel_str s);

/* Length of the valid UTF-8 sequence at p of at most len bytes (1 to 4), or 0. No surrogates, no
 * overlong forms, nothing above U+10FFFF. */
size_t pel_utf8_len(const char *p, size_t len);

/* What stands for a byte that is none, where there is no other way to show it. */
#define PEL_UTF8_REPLACEMENT "\xef\xbf\xbd"

#endif
