"""Metrics on their way to a receiver: what they say, when they leave, and what may go wrong."""

from __future__ import annotations

import re
import time

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsPartialSuccess,
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from support.processes import wait_for
from support.receiver import Answer

APP = """
def app(environ, start_response):
    if environ["PATH_INFO"] == "/boom":
        raise ValueError("no")
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""

DURATION = "http.server.request.duration"
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)


def config(**otlp):
    return {"otlp": {"metrics_interval": "300ms", "signals": ["metrics"]} | otlp}


def named(points, name, **attributes):
    return [p for p in points if p.name == name and attributes.items() <= p.attributes.items()]


def value(points, name, **attributes):
    (point,) = named(points, name, **attributes)
    return point.value


def exporter(running):
    return running.status()["metrics_exporter"]


def wait_exporter(running, key, count=1):
    wait_for(key, lambda: exporter(running)[key] >= count, 10 * running.target.patience)


def test_all_of_the_metrics_page_is_exported(server, receiver):
    running = server(
        code=APP,
        config=config(resource={"service.name": "shop"}) | {"server": {"workers": 2}},
        receiver=receiver,
    )
    before = time.time_ns()
    for _ in range(5):
        running.get("/")
    running.get("/boom")

    def complete():
        points = receiver.reports()[-1] if receiver.reports() else []
        return points if sum(p.value for p in named(points, DURATION)) == 6 else None

    points = wait_for("6 requests", complete, 10 * running.target.patience)
    (good,) = named(points, DURATION, **{"http.response.status_code": 200})
    assert (good.kind, good.unit, good.value, good.temporality) == ("histogram", "s", 5, 2)
    assert (good.bounds, sum(good.buckets), len(good.buckets)) == (BOUNDS, 5, 15)
    assert 0 < good.sum < 5
    assert good.attributes == {
        "http.request.method": "GET",
        "url.scheme": "http",
        "http.response.status_code": 200,
        "network.protocol.version": "1.1",
    }
    assert len(named(points, DURATION, **{"error.type": "app_exception"})) == 1

    (requests,) = named(points, "pellucid.requests")
    assert (requests.kind, requests.is_monotonic, requests.value) == ("sum", True, 6)
    assert requests.temporality == 2
    (active,) = named(points, "http.server.active_requests")
    assert (active.kind, active.is_monotonic, active.value) == ("sum", False, 0)
    assert active.attributes == {"http.request.method": "GET", "url.scheme": "http"}
    open_ones = named(points, "pellucid.connections.active")
    assert {p.attributes["pellucid.worker.id"] for p in open_ones} == {0, 1}
    (app_time,) = named(points, "pellucid.request.app.time")
    assert app_time.unit == "s"
    assert 0 < app_time.value < 5
    assert value(points, "pellucid.workers", state="ready") == 2

    assert {p.start_ns for p in points if p.kind != "gauge"} == {good.start_ns}
    assert before - 60 * 10**9 < good.start_ns < before
    assert before < good.time_ns < time.time_ns() + 10**9
    resource = good.resource
    assert resource["service.name"] == "shop"
    assert len(resource["service.instance.id"]) == 36
    assert "process.pid" not in resource
    pids = {running.process.pid, running.observer(), *running.workers()}
    assert not any(v in pids for p in points for v in p.attributes.values())

    # Every family of the page comes sooner or later, but for what is read after somebody has looked:
    # those on exports begin with the first.
    def families():
        shown = {
            line.split()[2]
            for line in running.metrics().splitlines()
            if line.startswith("# TYPE") and "worker_memory" not in line
        }
        told = {p.name for p in receiver.reports()[-1] if "worker.memory" not in p.name}
        return len(shown) == len(told) + 1  # target_info is the resource

    wait_for("the same families", families, 10 * running.target.patience)


def test_request_is_what_otlp_over_http_wants(server, receiver):
    running = server(code=APP, config=config(headers={"X-Api-Key": "k1"}), receiver=receiver)
    receiver.wait_report(2, 10 * running.target.patience)
    export = receiver.exports[0]
    assert export.path == "/v1/metrics"
    assert export.headers["Content-Type"] == "application/x-protobuf"
    assert export.headers["Content-Encoding"] == "gzip"
    assert export.headers["X-Api-Key"] == "k1"
    # Decoded and encoded again by the reference it is the same: nothing is unknown to it.
    message = ExportMetricsServiceRequest.FromString(export.body)
    assert message.SerializeToString(deterministic=True) == export.body


def test_counters_do_not_go_back_when_workers_and_observers_do(server, receiver):
    running = server(code=APP, config=config(), receiver=receiver)
    for _ in range(7):
        running.get("/")

    def counted(count):
        points = receiver.reports()[-1] if receiver.reports() else []
        return sum(p.value for p in named(points, "pellucid.requests")) == count

    wait_for("7 requests", lambda: counted(7), 10 * running.target.patience)
    running.kill_worker()
    running.signal(9, running.observer())
    running.get("/")
    wait_for("8 requests", lambda: counted(8), 20 * running.target.patience)
    reports = receiver.reports()
    for name in ("pellucid.requests", "pellucid.network.in", DURATION):
        values = [sum(p.value for p in named(points, name)) for points in reports]
        assert values == sorted(values)
    starts = {p.start_ns for points in reports for p in points if p.kind != "gauge"}
    assert len(starts) == 1


def test_stop_exports_what_is_there(server, receiver):
    running = server(code=APP, config=config(metrics_interval="1h"), receiver=receiver)
    for _ in range(10):
        running.get("/")
    assert receiver.reports() == []
    assert running.stop() == 0
    (points,) = receiver.reports()
    assert value(points, "pellucid.requests") == 10
    assert value(points, "pellucid.worker.exits") == 1


def test_endpoint_of_its_own(server, receiver):
    running = server(
        code=APP, config={"otlp": {"metrics_endpoint": f"{receiver.url}/v1/metrics?a=b"}}
    )
    running.get("/")
    assert running.stop() == 0
    assert [e.path for e in receiver.exports] == ["/v1/metrics?a=b"]


def test_signals_without_metrics(server, receiver):
    running = server(code=APP, config=config(signals=["traces"]), receiver=receiver)
    running.get("/")
    running.spans(1)
    time.sleep(0.7)
    assert running.stop() == 0
    assert {e.path for e in receiver.exports} == {"/v1/traces"}


# --- receivers that misbehave ---


def test_busy_receiver_gets_the_latest_later(server, receiver):
    receiver.answers = [Answer(503, {"Retry-After": "1"})]
    running = server(code=APP, config=config(), receiver=receiver)
    wait_for("first try", lambda: len(receiver.exports) == 1, 10 * running.target.patience)
    start = time.monotonic()
    running.get("/")
    points = receiver.wait_report(1, 10 * running.target.patience)
    assert time.monotonic() - start > 0.3  # of its second; we may have noticed late
    assert value(points, "pellucid.requests") == 1
    running.wait_log("works again")
    assert exporter(running)["is_failing"] is False
    assert "HTTP status 503" in exporter(running)["last_failure_reason"]


def test_refused_points_are_counted(server, receiver):
    receiver.answers = [Answer(400)]
    running = server(code=APP, config=config(), receiver=receiver)
    points = receiver.wait_report(1, 10 * running.target.patience)
    name = "otel.sdk.exporter.metric_data_point.exported"
    lost = value(points, name, **{"error.type": "failed"})
    assert 20 < lost == exporter(running)["points_failed"]
    assert f"HTTP status 400; {lost} data points lost" in running.log


def test_partial_success_is_not_repeated(server, receiver):
    partial = ExportMetricsPartialSuccess(rejected_data_points=3, error_message="too old")
    body = ExportMetricsServiceResponse(partial_success=partial).SerializeToString()
    receiver.answers = [Answer(body=body)]
    running = server(code=APP, config=config(), receiver=receiver)
    receiver.wait_report(2, 10 * running.target.patience)
    wait_exporter(running, "points_rejected", 3)
    assert exporter(running)["points_rejected"] == 3
    assert "3 data points rejected: too old" in running.log


def test_settings_of_one_signal(server, receiver):
    running = server(
        code=APP,
        config=config(
            signals=["traces", "metrics"],
            headers={"X-Key": "all"},
            metrics_headers={"X-Metrics": "1"},
            metrics_compression="none",
            traces_timeout="300ms",
        ),
        receiver=receiver,
    )
    receiver.wait_report(1, 10 * running.target.patience)
    receiver.answers = [Answer(delay=1.0)] * 4
    running.get("/")
    receiver.wait(1, 20 * running.target.patience)
    wait_for(
        "a timeout",
        lambda: re.search("timed out after 3.. milli", running.log),
        20 * running.target.patience,
    )
    by_path = {export.path: export.headers for export in receiver.exports}
    metrics, traces = by_path["/v1/metrics"], by_path["/v1/traces"]
    assert ("X-Key" in metrics, metrics["X-Metrics"]) == (False, "1")
    assert ("X-Metrics" in traces, traces["X-Key"]) == (False, "all")
    assert "Content-Encoding" not in metrics
    assert traces["Content-Encoding"] == "gzip"
    assert running.status()["metrics_exporter"]["points_failed"] == 0


def test_too_large_goes_in_smaller_requests(server, receiver):
    receiver.answers = [Answer(413)]
    running = server(code=APP, config=config(metrics_interval="1h"), receiver=receiver)
    running.get("/")
    assert running.stop() == 0
    first, *others = [len(e.body) for e in receiver.exports]
    assert len(others) > 1
    assert max(others) <= first / 2
    names = [p.name for points in receiver.reports() for p in points]
    assert {DURATION, "otel.sdk.exporter.span.inflight"} <= set(names)


def test_unreachable_receiver_does_not_delay_the_stop(server):
    running = server(code=APP, config=config(endpoint="http://127.0.0.1:9"))
    wait_for("failure", lambda: exporter(running)["is_failing"], 10 * running.target.patience)
    assert running.get("/").status == 200
    assert running.log.count("export to http://127.0.0.1:9/v1/metrics") == 1
    start = time.monotonic()
    assert running.stop() == 0
    assert time.monotonic() - start < 8 * running.target.patience
