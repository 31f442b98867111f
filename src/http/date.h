/*
 * date - the present second as an HTTP date (RFC 9110 5.6.7), made once a second and thread.
 */
#ifndef PELLUCID_HTTP_DATE_H
#define PELLUCID_HTTP_DATE_H

#include <time.h>

#define PEL_DATE_LEN 29 /* "Sun, 06 Nov 1994 08:49:37 GMT" */

/* PEL_DATE_LEN bytes, not terminated; the thread's own, until its next call. */
const char *pel_date_now(void);

/* Any time between the years 1970 and 9999. */
void pel_date_format(char out[PEL_DATE_LEN], time_t t);

#endif
