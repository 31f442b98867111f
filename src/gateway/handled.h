/*
 * handled - exceptions that a framework turns into a 500 before they reach us.
 *
 * Flask and Django answer for an app that raised, and send a signal about it, which is what we
 * listen to: for us, too, the app has raised. On the thread of a WSGI request, with the GIL held.
 */
#ifndef PELLUCID_GATEWAY_HANDLED_H
#define PELLUCID_GATEWAY_HANDLED_H

#include "pellucid/exception.h"
#include "pellucid/py.h"
#include "pellucid/request.h"

/* The app has been imported: listens to the frameworks that are loaded. Never raises; a framework
 * that cannot be listened to goes without. */
void pel_handled_listen(void);

/* The exception that the framework has handled in rq, which now is the caller's to report: rec has
 * its texts, *place the rest. False when there was none. */
bool pel_handled_take(struct pel_request *rq, struct pel_exception *place);

#endif
