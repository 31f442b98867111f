/*
 * accesslog - one line for each finished request.
 *
 * text: the combined format (so that every log reader knows it) with trace id and timings behind:
 *
 *   CLIENT - - [22/Nov/2026:15:30:00 +0100] "GET /path?query HTTP/1.1" STATUS BODY_BYTES "REFERER"
 *   "USER_AGENT" trace_id=32HEX span_id=16HEX queue_ms=0.012 app_ms=1.204 total_ms=1.301
 *   [cpu_ms=1.100]
 * [error=...]
 *
 *   on one line. The time is that of the last byte, local. "-" stands for what is unknown; STATUS
 * is 0 and the request "-" where there was none. queue: ready until the app was called; app: called
 * until it ended; total: first byte received to last byte sent. error is one of tbl/errors.h.
 *
 * json: one object a line with the fields of the table below, in that order; those marked
 * "optional" are left out when they are empty:
 *
 *   time (UTC, microseconds), client, method, path, query (optional), protocol, status, body_bytes,
 *   bytes_in, bytes_out, host (optional), referer (optional), user_agent (optional), route
 *   (optional), trace_id, span_id, head_ms and body_ms (optional), queue_ms, ttfb_ms, app_ms,
 * write_ms (optional), total_ms, cpu_ms, error (optional), exception (optional), worker, pid
 *
 * Bytes of the client are escaped as in escape.h. Long fields are cut ("..."), so that a line is
 * never longer than PEL_LOGFILE_LINE_MAX.
 */
#ifndef PELLUCID_PROBE_ACCESSLOG_H
#define PELLUCID_PROBE_ACCESSLOG_H

#include "probes.h"

/* Writes one line, newline included, to out (PEL_LOGFILE_LINE_MAX bytes) and returns its length.
 * The clock texts of al are brought up to date. */
size_t pel_accesslog_format_text(struct pel_accesslog *al, char *out, const struct pel_record *rec);
size_t pel_accesslog_format_json(struct pel_accesslog *al, char *out, const struct pel_record *rec,
                                 unsigned worker, int pid);

#endif
