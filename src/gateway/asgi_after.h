/*
 * asgi_after - what stays known of a request that is over, while its app goes on (in a background
 * task, in the clean-up of its dependencies): whose failure it is, should it fail.
 *
 * Owner: the call. On the loop's thread.
 */
#ifndef PELLUCID_GATEWAY_ASGI_AFTER_H
#define PELLUCID_GATEWAY_ASGI_AFTER_H

#include "pellucid/py.h"
#include "pellucid/record.h"

struct pel_asgi_after;

/* Copies what it needs of rec, whose route is known. Never NULL. */
struct pel_asgi_after *pel_asgi_after_new(const struct pel_record *rec);
void pel_asgi_after_free(struct pel_asgi_after *a); /* NULL is harmless */

/* The app has raised exc, borrowed: logged and counted like that of a request. */
void pel_asgi_after_raised(const struct pel_asgi_after *a, PyObject *exc);

#endif
