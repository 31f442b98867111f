/*
 * status_routes - the parts of /status about routes and about requests that were kept. Its fields
 * are described in conf/telemetry.md; a dashboard and `pellucid top` read them.
 */
#ifndef PELLUCID_OBSERVER_STATUS_ROUTES_H
#define PELLUCID_OBSERVER_STATUS_ROUTES_H

#include "json.h"

struct pel_view;

/* "window_seconds" and "routes". */
void pel_status_add_routes(struct pel_json *j, const struct pel_view *v);

/* "kept": the last requests that were slow, failed, or kept by the app. */
void pel_status_add_kept(struct pel_json *j, const struct pel_view *v);

#endif
