/*
 * The scalar metrics of a worker; counters go on from worker to worker of a slot, the others are set
 * to zero when a new worker takes the slot over.
 * PEL_METRIC(NAME, COUNTER | UPDOWN | GAUGE, unit (UCUM), OpenTelemetry name, help)
 */
PEL_METRIC(REQUESTS, COUNTER, "{request}", "pellucid.requests", "Requests finished.")
PEL_METRIC(REQUESTS_QUEUED, UPDOWN, "{request}", "pellucid.requests.queued", "Requests waiting for an application thread.")
PEL_METRIC(REQUESTS_BAD, COUNTER, "{request}", "pellucid.requests.bad", "Requests refused before the app saw them.")
PEL_METRIC(DISCONNECTS, COUNTER, "{request}", "pellucid.disconnects", "Requests whose client left before the end.")
PEL_METRIC(QUEUE_TIME, COUNTER, "ns", "pellucid.request.queue.time", "Time requests waited for the app.")
PEL_METRIC(APP_TIME, COUNTER, "ns", "pellucid.request.app.time", "Time from calling the app to its end.")
PEL_METRIC(BYTES_IN, COUNTER, "By", "pellucid.network.in", "Bytes received from clients.")
PEL_METRIC(BYTES_OUT, COUNTER, "By", "pellucid.network.out", "Bytes sent to clients.")
PEL_METRIC(CONNECTIONS, COUNTER, "{connection}", "pellucid.connections", "Connections accepted.")
PEL_METRIC(ACCEPT_TIME, COUNTER, "ns", "pellucid.connection.accept.time", "Time connections waited in the kernel to be accepted.")
PEL_METRIC(CONNECTIONS_ACTIVE, UPDOWN, "{connection}", "pellucid.connections.active", "Connections open.")
PEL_METRIC(CONNECTIONS_REFUSED, COUNTER, "{connection}", "pellucid.connections.refused", "Connections closed at once because of max_connections.")
PEL_METRIC(TIMEOUTS, COUNTER, "{timeout}", "pellucid.timeouts", "Header, body and write timeouts.")
PEL_METRIC(SPANS, COUNTER, "{span}", "pellucid.spans", "Spans handed to the observer.")
PEL_METRIC(SPANS_DROPPED, COUNTER, "{span}", "pellucid.spans.dropped", "Spans lost because the ring was full.")
PEL_METRIC(LOG_RECORDS_DROPPED, COUNTER, "{log_record}", "pellucid.log_records.dropped", "Log records for OTLP lost because the ring was full.")
PEL_METRIC(LOG_LINES_DROPPED, COUNTER, "{line}", "pellucid.access_log.dropped", "Access log lines that could not be written.")
PEL_METRIC(SERIES_OVERFLOW, COUNTER, "{request}", "pellucid.series.overflow", "Requests counted in the overflow series.")
