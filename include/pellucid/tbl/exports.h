/*
 * Counters of the observer, kept in the header of the shared memory so that they outlive it.
 * PEL_EXPORT(NAME, OpenTelemetry name, unit, error.type ("" = none), help)
 * Rows of one name follow each other; they are one metric with different values of error.type.
 */
PEL_EXPORT(SPANS_EXPORTED, "otel.sdk.exporter.span.exported", "{span}", "", "Spans whose export has ended, by how it failed.")
PEL_EXPORT(SPANS_REJECTED, "otel.sdk.exporter.span.exported", "{span}", "rejected", "Spans the receiver refused while it took others.")
PEL_EXPORT(SPANS_FAILED, "otel.sdk.exporter.span.exported", "{span}", "failed", "Spans given up because the receiver failed or refused the request.")
PEL_EXPORT(SPANS_PROCESSED, "otel.sdk.processor.span.processed", "{span}", "", "Spans that have left the queue, by how that failed.")
PEL_EXPORT(SPANS_QUEUE_FULL, "otel.sdk.processor.span.processed", "{span}", "queue_full", "Spans dropped because the queue was full.")
PEL_EXPORT(SPANS_OBSERVER_KILLED, "otel.sdk.processor.span.processed", "{span}", "observer_killed", "Spans that an observer had when it died.")
PEL_EXPORT(POINTS_EXPORTED, "otel.sdk.exporter.metric_data_point.exported", "{data_point}", "", "Data points whose export has ended, by how it failed.")
PEL_EXPORT(POINTS_REJECTED, "otel.sdk.exporter.metric_data_point.exported", "{data_point}", "rejected", "Data points the receiver refused while it took others.")
PEL_EXPORT(POINTS_FAILED, "otel.sdk.exporter.metric_data_point.exported", "{data_point}", "failed", "Data points given up because the receiver failed or refused the request.")
PEL_EXPORT(LOGS_EXPORTED, "otel.sdk.exporter.log.exported", "{log_record}", "", "Log records whose export has ended, by how it failed.")
PEL_EXPORT(LOGS_REJECTED, "otel.sdk.exporter.log.exported", "{log_record}", "rejected", "Log records the receiver refused while it took others.")
PEL_EXPORT(LOGS_FAILED, "otel.sdk.exporter.log.exported", "{log_record}", "failed", "Log records given up because the receiver failed or refused the request.")
PEL_EXPORT(LOGS_PROCESSED, "otel.sdk.processor.log.processed", "{log_record}", "", "Log records that have left the queue, by how that failed.")
PEL_EXPORT(LOGS_QUEUE_FULL, "otel.sdk.processor.log.processed", "{log_record}", "queue_full", "Log records dropped because the queue was full.")
PEL_EXPORT(LOGS_OBSERVER_KILLED, "otel.sdk.processor.log.processed", "{log_record}", "observer_killed", "Log records that an observer had when it died.")
PEL_EXPORT(REQUESTS_OK, "pellucid.exporter.requests", "{request}", "", "Export requests, by how they failed.")
PEL_EXPORT(REQUESTS_FAILED, "pellucid.exporter.requests", "{request}", "failed", "Export requests that were refused or had no answer.")
PEL_EXPORT(BYTES_SENT, "pellucid.exporter.sent", "By", "", "Bytes of export requests, compressed.")
PEL_EXPORT(ENTRIES_UNREADABLE, "pellucid.observer.unreadable", "{time}", "", "Times a ring held nonsense and was emptied.")
