/*
 * err - the text of a failure that somebody further up will show.
 *
 * Owner: the caller, on its stack. A function that takes a struct pel_err returns 0, or a negative
 * value with the text filled in: one line, no newline, saying what is wrong and what would mend it.
 * Control bytes become "?".
 */
#ifndef PELLUCID_ERR_H
#define PELLUCID_ERR_H

#include "pellucid/base.h"

struct pel_err {
    char text[1024];
};

/* Formats the text; always returns -1, so that `return pel_err_set(...)` reads well. err may be
 * NULL. */
int pel_err_set(struct pel_err *err, const char *fmt, ...) PEL_PRINTF(2, 3);

/* The same, with ": " and the text of errno behind it; errno is preserved. */
int pel_err_sys(struct pel_err *err, const char *fmt, ...) PEL_PRINTF(2, 3);

#endif
