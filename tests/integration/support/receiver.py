"""An OTLP/HTTP receiver of the tests' own: keeps what it is sent, and misbehaves when told to."""

from __future__ import annotations

import gzip
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from support.processes import wait_for


@dataclass(frozen=True)
class Span:
    """One span as it arrived; ids in hex, times in Unix ns.

    links: trace id, span id and flags of each.
    """

    name: str
    kind: int
    trace_id: str
    span_id: str
    parent_span_id: str
    start_ns: int
    end_ns: int
    attributes: dict[str, Any]
    events: list[tuple[str, dict[str, Any]]]
    links: list[tuple[str, str, int]]
    status: int
    status_message: str
    trace_state: str
    flags: int
    resource: dict[str, Any]
    scope: str


@dataclass(frozen=True)
class Export:
    """One request to the receiver. body: decompressed."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    """How to answer one export. delay: seconds before it; hang_up: close without an answer."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    hang_up: bool = False


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(v) for v in value.array_value.values]
    if kind == "kvlist_value":
        return attributes_of(value.kvlist_value.values)
    return getattr(value, kind) if kind else None


def attributes_of(pairs: Any) -> dict[str, Any]:
    """Attributes of a protobuf message, as Python has them. ValueError for a key that is twice."""
    found: dict[str, Any] = {}
    pair: KeyValue
    for pair in pairs:
        if pair.key in found:
            raise ValueError(f"attribute {pair.key} is there twice")
        found[pair.key] = _value(pair.value)
    return found


def spans_of(body: bytes) -> list[Span]:
    """The spans of an ExportTraceServiceRequest; raises on malformed protobuf."""
    message = ExportTraceServiceRequest.FromString(body)
    return [
        Span(
            name=s.name,
            kind=s.kind,
            trace_id=s.trace_id.hex(),
            span_id=s.span_id.hex(),
            parent_span_id=s.parent_span_id.hex(),
            start_ns=s.start_time_unix_nano,
            end_ns=s.end_time_unix_nano,
            attributes=attributes_of(s.attributes),
            events=[(e.name, attributes_of(e.attributes)) for e in s.events],
            links=[(k.trace_id.hex(), k.span_id.hex(), k.flags) for k in s.links],
            status=s.status.code,
            status_message=s.status.message,
            trace_state=s.trace_state,
            flags=s.flags,
            resource=attributes_of(r.resource.attributes),
            scope=scope.scope.name,
        )
        for r in message.resource_spans
        for scope in r.scope_spans
        for s in scope.spans
    ]


@dataclass(frozen=True)
class Point:
    """One data point of a metric as it arrived; times in Unix ns.

    kind: "sum", "gauge" or "histogram"; value: a number, or the count of a histogram, whose sum,
    bounds and buckets follow. is_monotonic, temporality: of sums (temporality of histograms, too).
    """

    name: str
    unit: str
    kind: str
    attributes: dict[str, Any]
    value: float
    start_ns: int
    time_ns: int
    resource: dict[str, Any]
    is_monotonic: bool = False
    temporality: int = 0
    sum: float = 0.0
    bounds: tuple[float, ...] = ()
    buckets: tuple[int, ...] = ()


def _point(metric: Any, kind: str, p: Any, resource: dict[str, Any]) -> Point:
    data = getattr(metric, kind)
    common = {
        "name": metric.name,
        "unit": metric.unit,
        "kind": kind,
        "attributes": attributes_of(p.attributes),
        "start_ns": p.start_time_unix_nano,
        "time_ns": p.time_unix_nano,
        "resource": resource,
        "is_monotonic": getattr(data, "is_monotonic", False),
        "temporality": getattr(data, "aggregation_temporality", 0),
    }
    if kind == "exponential_histogram":
        return Point(value=p.count, sum=p.sum, **common)
    if kind != "histogram":
        return Point(value=getattr(p, p.WhichOneof("value")), **common)
    bounds, buckets = tuple(p.explicit_bounds), tuple(p.bucket_counts)
    return Point(value=p.count, sum=p.sum, bounds=bounds, buckets=buckets, **common)


def points_of(body: bytes) -> list[Point]:
    """The data points of an ExportMetricsServiceRequest; raises on malformed protobuf."""
    message = ExportMetricsServiceRequest.FromString(body)
    return [
        _point(metric, kind, point, attributes_of(r.resource.attributes))
        for r in message.resource_metrics
        for scope in r.scope_metrics
        for metric in scope.metrics
        for kind in [metric.WhichOneof("data")]
        for point in getattr(metric, kind).data_points
    ]


@dataclass(frozen=True)
class LogRecord:
    """One log record as it arrived; ids in hex, times in Unix ns."""

    body: Any
    event_name: str
    severity_number: int
    severity_text: str
    trace_id: str
    span_id: str
    time_ns: int
    observed_ns: int
    attributes: dict[str, Any]
    resource: dict[str, Any]


def logs_of(body: bytes) -> list[LogRecord]:
    """The records of an ExportLogsServiceRequest; raises on malformed protobuf."""
    message = ExportLogsServiceRequest.FromString(body)
    return [
        LogRecord(
            body=_value(record.body),
            event_name=record.event_name,
            severity_number=record.severity_number,
            severity_text=record.severity_text,
            trace_id=record.trace_id.hex(),
            span_id=record.span_id.hex(),
            time_ns=record.time_unix_nano,
            observed_ns=record.observed_time_unix_nano,
            attributes=attributes_of(record.attributes),
            resource=attributes_of(r.resource.attributes),
        )
        for r in message.resource_logs
        for scope in r.scope_logs
        for record in scope.log_records
    ]


class Receiver:
    """Listens on a free port of loopback.

    exports: everything received, refused exports included. answers: how to answer the next
    exports, first in first out; empty means 200. tls: speak https.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.exports: list[Export] = []
        self.answers: list[Answer] = []
        self._spans: list[Span] = []
        self._reports: list[list[Point]] = []
        self._logs: list[LogRecord] = []
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                receiver._receive(self)

            def log_message(self, format: str, *args: object) -> None:
                """The tests' output is not a web server's log."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Base endpoint, as otlp.endpoint has it."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _receive(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        if handler.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        with self._lock:
            self.exports.append(Export(handler.path, dict(handler.headers.items()), body))
            answer = self.answers.pop(0) if self.answers else Answer()
        time.sleep(answer.delay)
        if answer.hang_up:
            handler.close_connection = True
            return
        if answer.status == 200 and handler.path == "/v1/traces":
            spans = spans_of(body)
            with self._lock:
                self._spans += spans
        if answer.status == 200 and handler.path == "/v1/metrics":
            points = points_of(body)
            with self._lock:
                self._reports.append(points)
        if answer.status == 200 and handler.path == "/v1/logs":
            records = logs_of(body)
            with self._lock:
                self._logs += records
        handler.send_response(answer.status)
        headers = {"Content-Type": "application/x-protobuf"} | answer.headers
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        handler.wfile.write(answer.body)

    def spans(self) -> list[Span]:
        """The spans of all accepted exports so far."""
        with self._lock:
            return list(self._spans)

    def reports(self) -> list[list[Point]]:
        """The data points of all accepted exports of metrics so far, one list an export."""
        with self._lock:
            return list(self._reports)

    def wait_report(self, count: int, timeout: float) -> list[Point]:
        """Waits up to timeout seconds for count exports of metrics; the points of the last one."""
        return wait_for(
            f"{count} exports of metrics",
            lambda: self.reports()[-1] if len(self.reports()) >= count else None,
            timeout,
        )

    def logs(self) -> list[LogRecord]:
        """The log records of all accepted exports so far."""
        with self._lock:
            return list(self._logs)

    def wait_logs(self, count: int, timeout: float) -> list[LogRecord]:
        """Waits up to timeout seconds for count log records; all that are there then."""
        return wait_for(
            f"{count} log records",
            lambda: self.logs() if len(self.logs()) >= count else None,
            timeout,
        )

    def wait(self, count: int, timeout: float) -> list[Span]:
        """Waits up to timeout seconds for count spans; all that are there then."""
        return wait_for(
            f"{count} spans",
            lambda: self.spans() if len(self.spans()) >= count else None,
            timeout,
        )
