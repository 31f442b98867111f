"""Spans on their way to a receiver: what they say, and what happens when it misbehaves."""

from __future__ import annotations

import gzip
import time
from collections import Counter
from signal import SIGKILL

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from support.processes import wait_for
from support.receiver import Answer
from support.samples import parse, total

APP = """
import time

import pellucid

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/boom":
        raise ValueError("no such order: <\\u00e9>")
    if path == "/slow":
        time.sleep(0.3)
    if path == "/hang":
        pellucid.request().route = "/hang/{on}"
        time.sleep(60)
    status = "503 Sorry" if path == "/sorry" else "200 OK"
    body = environ.get("HTTP_TRACEPARENT", "").encode()
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""

# Takes as many seconds as its query says.
SLEEPER = """
import time

def app(environ, start_response):
    time.sleep(float(environ["QUERY_STRING"]))
    start_response("200 OK", [])
    return [b"ok"]
"""

# Reads the body, and fails.
READER = """
def app(environ, start_response):
    environ["wsgi.input"].read()
    start_response("500 No", [])
    return []
"""

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def exporter(running):
    return running.status()["exporter"]


def wait_exporter(running, key, count):
    return wait_for(
        f"{key} = {count}",
        lambda: exporter(running)[key] >= count,
        10 * running.target.patience,
    )


# --- what a span says ---


def test_span_follows_the_http_conventions(server, receiver):
    running = server(
        code=APP,
        config={"otlp": {"resource": {"service.name": "shop", "deployment.environment": "test"}}},
        receiver=receiver,
    )
    before = time.time_ns()
    response = running.get("/orders?sig=secret&x=1", {"traceparent": PARENT, "tracestate": "a=1"})
    (span,) = running.spans(1)
    assert span.name == "GET"
    assert span.kind == 2
    assert span.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert span.parent_span_id == "00f067aa0ba902b7"
    assert span.trace_state == "a=1"
    assert span.flags == 0x301
    assert before - 10**9 < span.start_ns < span.end_ns < time.time_ns() + 10**9
    assert span.status == 0
    # The app sees our span as its parent.
    assert response.text == f"00-{span.trace_id}-{span.span_id}-01"
    wanted = {
        "http.request.method": "GET",
        "url.path": "/orders",
        "url.query": "sig=REDACTED&x=1",
        "url.scheme": "http",
        "http.response.status_code": 200,
        "http.response.body.size": 55,
        "network.protocol.version": "1.1",
        "server.address": "localhost",
        "server.port": 80,
        "client.address": "127.0.0.1",
        "network.peer.address": "127.0.0.1",
        "pellucid.worker.id": 0,
        "pellucid.connection.requests": 1,
    }
    assert {key: span.attributes.get(key) for key in wanted} == wanted
    assert "error.type" not in span.attributes
    duration = (span.end_ns - span.start_ns) / 1e9
    for phase in ("request.app.duration", "request.queue.duration", "response.ttfb"):
        assert 0 <= span.attributes[f"pellucid.{phase}"] <= duration + 0.01
    assert span.resource["service.name"] == "shop"
    assert span.resource["deployment.environment"] == "test"
    assert span.resource["telemetry.sdk.name"] == "pellucid"
    assert span.resource["process.pid"] == running.workers()[0]
    assert len(span.resource["service.instance.id"]) == 36
    assert span.scope == "pellucid"


def test_request_is_what_otlp_over_http_wants(server, receiver):
    headers = {"X-Api-Key": "k1", "Authorization": "Basic abc"}
    running = server(code=APP, config={"otlp": {"headers": headers}}, receiver=receiver)
    running.get("/")
    running.spans(1)
    export = receiver.exports[0]
    assert export.path == "/v1/traces"
    assert export.headers["Content-Type"] == "application/x-protobuf"
    assert export.headers["Content-Encoding"] == "gzip"
    assert export.headers["User-Agent"].startswith("pellucid/")
    assert "OTel-OTLP-Exporter-C/" in export.headers["User-Agent"]
    assert export.headers["X-Api-Key"] == "k1"
    assert export.headers["Authorization"] == "Basic abc"
    assert "Expect" not in export.headers
    # Decoded and encoded again by the reference it is the same: nothing is unknown to it.
    message = ExportTraceServiceRequest.FromString(export.body)
    assert message.SerializeToString(deterministic=True) == export.body


def test_uncompressed(server, receiver):
    running = server(code=APP, config={"otlp": {"compression": "none"}}, receiver=receiver)
    running.get("/")
    running.spans(1)
    assert "Content-Encoding" not in receiver.exports[0].headers
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(receiver.exports[0].body)


def test_exception_is_an_event_of_an_error_span(server, receiver):
    running = server(code=APP, receiver=receiver)
    assert running.get("/boom").status == 500
    (span,) = running.spans(1)
    assert span.status == 2
    assert span.attributes["error.type"] == "app_exception"
    assert span.attributes["http.response.status_code"] == 500
    ((name, event),) = span.events
    assert name == "exception"
    assert event["exception.type"].endswith("ValueError")
    assert event["exception.message"] == "no such order: <\u00e9>"
    assert "in app" in event["exception.stacktrace"]


def test_status_of_the_apps_own(server, receiver):
    running = server(code=APP, receiver=receiver)
    assert running.get("/sorry").status == 503
    (span,) = running.spans(1)
    assert (span.status, span.attributes["error.type"], span.events) == (2, "503", [])


def test_the_slowest_of_each_route_are_kept(server, receiver):
    """Three of each route leave at the end of their minute, or when the server stops before."""
    running = server(
        code=SLEEPER,
        config={
            "trace": {"ratio": 0.0, "keep": ["slowest"]},
            "server": {"workers": 2, "threads": 1},
            "route": [{"match": "/a/*", "name": "/a/{id}"}, {"match": "/b", "name": "/b"}],
        },
        receiver=receiver,
    )
    for seconds in (0.01, 0.4, 0.02, 0.3, 0.5, 0.01):
        running.get(f"/a/{seconds}?{seconds}")
    running.get("/b?0")
    assert running.stop() == 0
    spans = receiver.spans()
    assert {s.attributes["pellucid.sampling.reason"] for s in spans} == {"slowest"}
    paths = [s.attributes["url.path"] for s in spans]
    # The minute may have turned while they ran: then there are three of each.
    assert {"/a/0.5", "/a/0.4", "/a/0.3", "/b"} <= set(paths)
    by_minute = Counter(s.name for s in spans)
    assert by_minute["GET /a/{id}"] in (3, 4, 5, 6)
    assert [s.flags & 1 for s in spans] == [0] * len(spans)


def test_those_that_leave_anyhow_take_no_place_among_the_slowest(server, receiver):
    running = server(
        code=SLEEPER,
        config={
            "trace": {"ratio": 0.0, "keep": ["slow", "slowest"]},
            "requests": {"slow": "200ms"},
            "server": {"workers": 1},
        },
        receiver=receiver,
    )
    for seconds in (0.3, 0.3, 0.3, 0.01):
        running.get(f"/{seconds}?{seconds}")
    assert running.stop() == 0
    reasons = Counter(s.attributes["pellucid.sampling.reason"] for s in receiver.spans())
    assert reasons == {"slow": 3, "slowest": 1}


def test_the_slowest_are_kept_where_nobody_reads_metrics(server, receiver):
    """Which requests are the slowest of their stream is known though nothing else needs streams."""
    running = server(
        code=SLEEPER,
        config={
            "trace": {"ratio": 0.0, "keep": ["slowest"]},
            "admin": {"bind": "off"},
            "otlp": {"signals": ["traces"]},
            "server": {"workers": 1},
        },
        receiver=receiver,
    )
    assert [running.get("/?0").status for _ in range(2)] == [200, 200]
    assert running.stop() == 0
    told = [s.attributes["pellucid.worker.requests"] for s in receiver.spans()]
    assert sorted(told) == [1, 2]


def test_refused_requests_are_spans_like_others(server, receiver):
    running = server(code=APP, config={"http": {"max_body_size": 10}}, receiver=receiver)
    head = f"POST /orders HTTP/1.1\r\nHost: a\r\ntraceparent: {PARENT}\r\n".encode()
    assert b" 413 " in running.raw(head + b"Content-Length: 11\r\n\r\n")
    assert b" 400 " in running.raw(b"GET / HTTP/1.1\r\n\r\n")
    large, hostless = running.spans(2)
    assert (large.name, large.attributes["http.response.status_code"]) == ("POST", 413)
    assert (large.trace_id, large.parent_span_id) == (PARENT[3:35], PARENT[36:52])
    assert hostless.parent_span_id == ""
    assert f"trace_id={PARENT[3:35]} " in running.wait_access(" 413 ")
    assert "trace_id=" + 32 * "0" not in running.wait_access(" 400 ")


def test_timeouts_are_kept(server, receiver):
    running = server(
        code=READER,
        config={
            "trace": {"ratio": 0.0, "keep": ["timeout"]},
            "http": {"body_timeout": "300ms"},
        },
        receiver=receiver,
    )
    assert running.get("/").status == 500
    running.raw(b"POST /slow-body HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
    (span,) = running.spans(1)
    assert span.attributes["pellucid.sampling.reason"] == "timeout"
    assert span.attributes["error.type"] == "body_timeout"
    assert running.stop() == 0
    assert len(receiver.spans()) == 1


def test_timeouts_are_kept_by_default(server, receiver):
    """Also where nothing is slow: they are answered with 408, which is no failure of the server."""
    config = {
        "trace": {"ratio": 0.0},
        "http": {"body_timeout": "300ms"},
        "requests": {"slow": "1h"},
    }
    running = server(code=READER, config=config, receiver=receiver)
    running.raw(b"POST /slow-body HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
    (span,) = running.spans(1)
    assert span.attributes["pellucid.sampling.reason"] == "timeout"
    assert span.attributes["error.type"] == "body_timeout"


def test_unsampled_requests_are_kept_for_a_reason_only(server, receiver):
    running = server(
        code=APP,
        config={"trace": {"ratio": 0.0}, "requests": {"slow": "200ms"}},
        receiver=receiver,
    )
    for path in ("/", "/boom", "/", "/slow", "/"):
        running.get(path)
    spans = {s.attributes["url.path"]: s for s in running.spans(2)}
    assert spans["/boom"].attributes["pellucid.sampling.reason"] == "error"
    assert spans["/slow"].attributes["pellucid.sampling.reason"] == "slow"
    assert [s.flags & 1 for s in spans.values()] == [0, 0]
    assert running.stop() == 0
    assert len(receiver.spans()) == 2


def test_workers_are_resources_of_their_own(server, receiver):
    running = server(code=APP, config={"server": {"workers": 2}}, receiver=receiver)

    def seen():
        running.get("/")
        return len({s.resource["service.instance.id"] for s in receiver.spans()}) == 2

    wait_for("spans of both workers", seen, 20 * running.target.patience)
    pids = {s.resource["service.instance.id"]: s.resource["process.pid"] for s in receiver.spans()}
    assert set(pids.values()) == set(running.workers())


def test_many_spans_arrive_once(server, receiver):
    running = server(code=APP, receiver=receiver)
    with running.connect() as wire:
        for i in range(1500):
            wire.send(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % i)
            wire.read()
    spans = running.spans(1500)
    assert len({s.span_id for s in spans}) == len(spans) == 1500
    assert {s.attributes["url.path"] for s in spans} == {f"/{i}" for i in range(1500)}


# --- receivers that misbehave ---

# The lines that tell of it are log records, which would be exported, too.
TRACES = {"otlp": {"signals": ["traces"]}}


def test_busy_receiver_is_given_its_pause(server, receiver):
    receiver.answers = [Answer(503, {"Retry-After": "2"}), Answer(429)]
    running = server(code=APP, config=TRACES, receiver=receiver)
    running.get("/")
    wait_for("first try", lambda: len(receiver.exports) == 1, 10)
    start = time.monotonic()
    wait_for("second try", lambda: len(receiver.exports) == 2, 10)
    assert time.monotonic() - start > 1.5
    assert len(running.spans(1)) == 1
    assert exporter(running)["spans_failed"] == 0
    running.wait_log("works again")
    assert exporter(running)["is_failing"] is False
    assert "HTTP status 429" in exporter(running)["last_failure_reason"]


@pytest.mark.parametrize("answer", [Answer(hang_up=True), Answer(502), Answer(504)])
def test_passing_fault_loses_nothing(server, receiver, answer):
    receiver.answers = [answer]
    running = server(code=APP, config=TRACES, receiver=receiver)
    running.get("/")
    assert len(running.spans(1)) == 1


def test_hanging_receiver_times_out(server, receiver):
    receiver.answers = [Answer(delay=5.0)]
    running = server(
        code=APP, config={"otlp": TRACES["otlp"] | {"timeout": "500ms"}}, receiver=receiver
    )
    running.get("/")
    wait_for("second try", lambda: len(receiver.exports) == 2, 10 * running.target.patience)
    assert running.get("/").status == 200
    wait_exporter(running, "spans_exported", 2)


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_refused_spans_are_counted_not_repeated(server, receiver, status):
    receiver.answers = [Answer(status)]
    running = server(code=APP, config=TRACES, receiver=receiver)
    running.get("/lost")
    wait_exporter(running, "spans_failed", 1)
    running.get("/found")
    (span,) = running.spans(1)
    assert span.attributes["url.path"] == "/found"
    assert f"HTTP status {status}; 1 spans lost" in running.log
    assert 'exported_total{error_type="failed"} 1' in running.metrics()


def test_partial_success_is_not_repeated(server, receiver):
    partial = ExportTracePartialSuccess(rejected_spans=1, error_message="too old")
    body = ExportTraceServiceResponse(partial_success=partial).SerializeToString()
    receiver.answers = [Answer(body=body)]
    running = server(code=APP, config=TRACES, receiver=receiver)
    running.get("/")
    wait_exporter(running, "spans_rejected", 1)
    assert "1 spans rejected: too old" in running.log
    running.get("/")
    wait_exporter(running, "spans_exported", 1)
    assert len(receiver.exports) == 2


def test_too_large_goes_in_smaller_requests(server, receiver):
    receiver.answers = [Answer(413)] * 2
    running = server(code=APP, config=TRACES, receiver=receiver)
    with running.connect() as wire:
        for _ in range(20):
            wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").read()
    running.spans(20)
    assert len(receiver.spans()) == 20
    assert len(receiver.exports) >= 5


def test_unreachable_receiver_does_not_disturb(server):
    running = server(code=APP, config={"otlp": {"endpoint": "http://127.0.0.1:9"}})
    for _ in range(50):
        assert running.get("/").status == 200
    wait_for("failure", lambda: exporter(running)["is_failing"], 10 * running.target.patience)
    assert running.log.count("export to http://127.0.0.1:9/v1/traces") == 1
    start = time.monotonic()
    assert running.stop() == 0
    assert time.monotonic() - start < 8 * running.target.patience


# --- ends ---


def test_stop_exports_what_is_there(server, receiver):
    running = server(code=APP, receiver=receiver)
    for i in range(10):
        running.get(f"/{i}")
    assert running.stop() == 0
    assert len(receiver.spans()) == 10


def test_killed_observer_is_replaced_and_goes_on(server, receiver):
    running = server(code=APP, receiver=receiver)
    running.get("/before")
    wait_exporter(running, "spans_exported", 1)
    running.signal(SIGKILL, running.observer())
    for i in range(5):
        assert running.get(f"/{i}").status == 200
    assert len(running.spans(6)) == 6

    def starts():
        return running.status()["supervisor"]["observer_starts"] == 2

    wait_for("the second observer", starts, 10 * running.target.patience)
    wait_exporter(running, "spans_exported", 6)  # counted on, across observers


def test_what_a_killed_observer_had_is_counted(server, receiver):
    receiver.answers = [Answer(503, {"Retry-After": "60"})]
    running = server(code=APP, config=TRACES, receiver=receiver)
    for i in range(7):
        running.get(f"/{i}")
    wait_for(
        "all spans in the observer, and a refused try",
        lambda: (
            receiver.exports and (e := exporter(running))["queue_spans"] + e["spans_in_flight"] == 7
        ),
        10 * running.target.patience,
    )
    running.kill_observer()
    running.get("/after")
    assert [s.attributes["url.path"] for s in running.spans(1)] == ["/after"]
    wait_exporter(running, "spans_exported", 1)
    assert running.status()["telemetry"]["spans"]["lost"]["observer_killed"] == 7
    killed = 'otel_sdk_processor_span_processed_total{error_type="observer_killed"} 7'
    assert killed in running.metrics()


def test_killed_worker_leaves_error_spans(server, receiver):
    running = server(code=APP, receiver=receiver)
    running.get("/")
    with running.connect() as wire:
        wire.send(b"GET /hang?a HTTP/1.1\r\nHost: a\r\ntraceparent: %s\r\n\r\n" % PARENT.encode())
        running.wait_in_flight()
        pid = running.kill_worker()
        spans = running.spans(2)
    (span,) = [s for s in spans if s.attributes["url.path"] == "/hang"]
    assert span.status == 2
    assert span.attributes["error.type"] == "worker_killed"
    assert "http.response.status_code" not in span.attributes
    assert (span.name, span.attributes["http.route"]) == ("GET /hang/{on}", "/hang/{on}")
    assert span.parent_span_id == "00f067aa0ba902b7"
    assert span.resource["process.pid"] == pid
    assert span.end_ns > span.start_ns
    killed = {"error_type": "worker_killed", "http_route": "/hang/{on}"}
    count = "http_server_request_duration_seconds_count"
    assert total(parse(running.metrics()), count, **killed) == 1
    assert running.get("/").status == 200
