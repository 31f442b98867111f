"""Exceptions of the app, and the server's own warnings and errors, as OTLP log records."""

from __future__ import annotations

import re
import socket
from collections import Counter
from contextlib import contextmanager
from signal import SIGKILL

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from support.processes import wait_for
from support.receiver import Answer
from support.samples import parse, total

APP = """
import os

def load(path):
    raise LookupError(f"no order {path}")

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/die":
        os._exit(3)
    if path.startswith("/orders/"):
        load(path)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def config(**otlp):
    return {"otlp": {"signals": ["logs"]} | otlp, "route": [{"match": "GET /orders/{id}"}]}


def logs_exporter(running):
    return running.status()["logs_exporter"]


def test_exception_is_a_log_record(server, receiver):
    running = server(code=APP, config=config(resource={"service.name": "shop"}), receiver=receiver)
    assert running.get("/orders/8", {"traceparent": PARENT}).status == 500
    (record,) = receiver.wait_logs(1, 10 * running.target.patience)
    assert record.event_name == "http.server.request.exception"
    assert (record.severity_number, record.severity_text) == (17, "ERROR")
    assert record.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert re.fullmatch("[0-9a-f]{16}", record.span_id)
    assert record.body.startswith("GET /orders/8 raised LookupError: no order /orders/8")
    assert record.attributes["exception.type"] == "LookupError"
    assert record.attributes["exception.message"] == "no order /orders/8"
    assert record.attributes["exception.stacktrace"].endswith("LookupError: no order /orders/8")
    assert record.attributes["http.route"] == "/orders/{id}"
    assert record.attributes["http.request.method"] == "GET"
    assert record.attributes["code.line.number"] == 5
    assert record.attributes["code.function.name"].endswith(".load")
    assert record.attributes["pellucid.log.code"] == "PEL501"
    assert record.resource["service.name"] == "shop"
    assert record.resource["process.pid"] == running.workers()[0]
    assert 0 <= record.observed_ns - record.time_ns < 60e9
    # Decoded and encoded again by the reference it is the same: nothing is unknown to it.
    (export,) = receiver.exports
    assert ExportLogsServiceRequest.FromString(export.body).SerializeToString() == export.body
    assert (export.path, export.headers["Content-Encoding"]) == ("/v1/logs", "gzip")
    wait_for("the count", lambda: logs_exporter(running)["log_records_exported"] == 1, 10)
    assert "otel_sdk_exporter_log_exported_total 1" in running.metrics()


def test_lines_of_the_supervisor_and_of_a_worker_that_died(server, receiver):
    running = server(code=APP, config=config(), receiver=receiver)
    running.signal(SIGKILL, running.observer())
    assert running.get("/orders/1").status == 500
    assert running.raw(b"GET /die HTTP/1.1\r\nHost: a\r\n\r\n") == b""
    records = receiver.wait_logs(4, 20 * running.target.patience)
    codes = {r.attributes["pellucid.log.code"]: r for r in records}
    assert {"PEL205", "PEL210", "PEL401", "PEL501"} == set(codes)
    died = codes["PEL210"]
    assert "exit 3" in died.body
    assert (died.severity_text, died.trace_id, died.event_name) == ("ERROR", "", "")
    assert died.resource["process.pid"] == running.pid
    assert died.resource["service.instance.id"] != codes["PEL501"].resource["service.instance.id"]


def test_lines_of_the_observer(server, receiver):
    """Its spans find no receiver, which is a line; its logs do."""
    with closed_port() as port:
        own = {"traces_endpoint": f"http://127.0.0.1:{port}/", "signals": ["traces", "logs"]}
        running = server(code=APP, config=config(**own), receiver=receiver)
        assert running.get("/fine").status == 200
        (record,) = receiver.wait_logs(1, 20 * running.target.patience)
    assert record.attributes["pellucid.log.code"] == "PEL601"
    assert record.body.startswith(f"export to http://127.0.0.1:{port}/: ")
    assert record.severity_text == "WARN"
    assert record.resource["process.pid"] == running.observer()


def test_logs_that_fail_make_no_logs_without_end(server, receiver):
    """The line about it waits to be exported like others; there is one in half a minute."""
    with closed_port() as port:
        own = {"logs_endpoint": f"http://127.0.0.1:{port}/"}
        running = server(code=APP, config=config(**own), receiver=receiver)
        running.get("/orders/1")
        wait_for("failures", lambda: failures(running) >= 3, 30 * running.target.patience)
        assert running.log.count("PEL601") == 1
        exporter = logs_exporter(running)
        assert exporter["queue_log_records"] + exporter["log_records_in_flight"] == 2


def failures(running):
    return total(parse(running.metrics()), "pellucid_exporter_requests_total", error_type="failed")


@contextmanager
def closed_port():
    """A port that nobody listens at, and nobody gets meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_records_outlive_a_receiver_that_fails(server, receiver):
    running = server(code=APP, config=config(), receiver=receiver)
    receiver.answers += [Answer(503), Answer(200, {}, b"")]
    for number in range(600):
        running.get(f"/orders/{number}")
    records = receiver.wait_logs(601, 20 * running.target.patience)
    codes = Counter(record.attributes["pellucid.log.code"] for record in records)
    assert codes == {"PEL501": 600, "PEL601": 1}
    assert logs_exporter(running)["log_records_dropped"] == 0


def test_own_endpoint_and_signals(server, receiver):
    running = server(
        code=APP,
        config={
            "otlp": {
                "endpoint": "",
                "logs_endpoint": f"{receiver.url}/ingest?key=1",
                "signals": ["traces", "logs"],
            }
        },
        receiver=receiver,
    )
    running.get("/orders/1")
    assert running.stop() == 0  # a graceful stop flushes
    assert {export.path for export in receiver.exports} == {"/ingest?key=1"}


def test_without_logs(server, receiver):
    running = server(code=APP, config=config(signals=["traces"]), receiver=receiver)
    running.get("/orders/1")
    assert running.stop() == 0
    assert {export.path for export in receiver.exports} == {"/v1/traces"}
