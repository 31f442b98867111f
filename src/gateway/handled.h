/*
 * handled - exceptions that a framework turns into a 500 before they reach us.
 *
 * Flask, Quart and Django answer for an app that raised, and send a signal about it; a WSGI app
 * tells start_response, as Bottle does. That is what we listen to: for us, too, the app has raised.
 * Falcon tells nobody, Litestar only hooks of each app, which may be mounted anywhere, and Bottle
 * not of everything: there we take the place of a function that they call when they have caught an
 * exception. On any thread, since frameworks of the loop hand signals to others, with the GIL held;
 * the exception waits in the object of the request (api.h) for the request's own thread. Nothing is
 * paid without one.
 */
#ifndef PELLUCID_GATEWAY_HANDLED_H
#define PELLUCID_GATEWAY_HANDLED_H

#include "pellucid/py.h"
#include "pellucid/request.h"

/* The app has been imported: listens to the frameworks that are loaded. Never raises; a framework
 * that cannot be listened to goes without. */
void pel_handled_listen(void);

/* start_response was called for exc: that is the failure of rq, if its status says so. Never
 * raises.
 */
void pel_handled_note(struct pel_request *rq, PyObject *exc);

/* The exception that the framework has handled in rq, which has been answered: a new reference, now
 * the caller's to report or to drop. NULL (without an exception set) when there was none, or when
 * the app's own handler has made something else of it than a failure. Before pel_api_end. */
PyObject *pel_handled_take(struct pel_request *rq);

#endif
