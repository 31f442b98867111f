/*
 * Every key of a [[route]]. Used as tbl/directives.h is; the first route that matches a request
 * counts.
 *
 * PEL_ROUTE_KEY(key, type, default, allowed, min, max, text)
 *   default  NULL: unset, the value of the section that the key refines holds
 */
/* clang-format off */
PEL_ROUTE_KEY(match, STRING, "", "", 0, 0, "Which requests: an optional method and a path, where * and {name} stand for one segment or part of one, ** for any number of segments.")
PEL_ROUTE_KEY(name, STRING, "", "", 0, 0, "Name of the route on spans and metrics; without it a match without stars is its own name.")
PEL_ROUTE_KEY(slow, DURATION, NULL, "", 0, 86400000, "In place of requests.slow.")
PEL_ROUTE_KEY(trace_ratio, RATIO, NULL, "", 0, 1, "In place of trace.ratio.")
PEL_ROUTE_KEY(access_log, BOOL, "true", "", 0, 0, "Write access records of these requests.")
PEL_ROUTE_KEY(recycle, BOOL, "true", "", 0, 0, "Count these requests towards recycle.max_requests.")
/* clang-format on */
