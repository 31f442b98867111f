/*
 * route - the pattern of a [[route]]. Private to the layer conf; on the thread that loads.
 */
#ifndef PELLUCID_CONF_ROUTE_H
#define PELLUCID_CONF_ROUTE_H

#include "pellucid/conf.h"

/* Takes match apart into method and pattern, and names the route. 0, or -1 with a line that begins
 * with source and prefix. */
int pel_route_prepare(struct pel_conf_route *route, const char *source, const char *prefix,
                      struct pel_err *err);

#endif
