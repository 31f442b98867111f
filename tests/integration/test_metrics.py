"""/metrics: counts that are right, whatever becomes of the workers, in both formats."""

from __future__ import annotations

from support.processes import wait_for
from support.samples import parse, total

APP = """
import time

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/boom":
        raise ValueError("no")
    if path == "/hang":
        time.sleep(60)
    body = b"x" * 100
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""

COUNT = "http_server_request_duration_seconds_count"


def settled(running, requests):
    """Samples once that many requests are counted: a response arrives before its request ends."""
    return wait_for(
        f"{requests} requests",
        lambda: (
            (s := parse(running.metrics()))
            and total(s, "pellucid_requests_total") == requests
            and total(s, "http_server_active_requests") == 0
            and s
        ),
        10 * running.target.patience,
    )


def test_requests_are_counted_by_their_attributes(server):
    running = server(code=APP, config={"server": {"workers": 2}})
    for _ in range(10):
        running.get("/ok")
    running.get("/boom")
    running.request("BREW", "/pot")
    samples = settled(running, 12)
    assert total(samples, COUNT, http_request_method="GET", http_response_status_code="200") == 10
    assert total(samples, COUNT, error_type="app_exception") == 1
    assert total(samples, COUNT, http_request_method="_OTHER") == 1
    assert total(samples, COUNT) == total(samples, "pellucid_requests_total") == 12
    assert total(samples, "pellucid_app_exceptions_total") == 1
    assert total(samples, "pellucid_connections_total") == 12
    assert total(samples, "pellucid_network_out_bytes_total") > 10 * 100
    assert total(samples, "http_server_active_requests") == 0
    assert total(samples, "pellucid_workers", state="ready") == 2
    assert total(samples, "pellucid_request_app_time_seconds_total") > 0
    assert "trace_id" not in running.metrics()  # exemplars are for OpenMetrics


def test_histogram_is_cumulative(server):
    running = server(code=APP)
    for _ in range(5):
        running.get("/")
    samples = settled(running, 5)
    name = "http_server_request_duration_seconds"
    buckets = sorted(
        (float(dict(pairs)["le"]), value)
        for (n, pairs), value in samples.items()
        if n == name + "_bucket"
    )
    assert [le for le, _ in buckets][:3] == [0.005, 0.01, 0.025]
    assert len(buckets) == 15
    assert buckets[-1] == (float("inf"), 5)
    assert [v for _, v in buckets] == sorted(v for _, v in buckets)
    assert total(samples, name + "_count") == 5
    assert 0 < total(samples, name + "_sum") < 5


def test_openmetrics_on_request(server):
    running = server(code=APP)
    running.get("/")
    settled(running, 1)
    status, body = running.admin(
        "/metrics", {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}
    )
    text = body.decode()
    assert status == 200
    assert text.endswith("# EOF\n")
    assert "# TYPE pellucid_requests counter\n" in text
    assert "# UNIT pellucid_network_in_bytes bytes\n" in text
    assert 'le="10.0"' in text
    parse(text)
    assert "# EOF" not in running.metrics()


# The first three are those of Prometheus 2, of 2 with native histograms, and of 3.
OPENMETRICS = [
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;"
    "q=0.5,application/openmetrics-text;version=1.0.0;q=0.4,"
    "application/openmetrics-text;version=0.0.1;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    "application/openmetrics-text, text/plain",
    "APPLICATION/OpenMetrics-Text; Version=1.0.0",
    "text/plain;Q=0.2, application/openmetrics-text;q=0.3",
]
TEXT = [
    "",
    "*/*",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "image/png",
    "application/openmetrics-text;q=0",
    "text/plain;q=1, application/openmetrics-text;q=0.1",
    "application/openmetrics-text;version=0.0.1",
    "application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
]


def test_format_is_the_one_that_is_wanted_most(server):
    running = server(code=APP)
    for accept in OPENMETRICS + TEXT:
        _, body = running.admin("/metrics", {"Accept": accept})
        assert body.endswith(b"# EOF\n") == (accept in OPENMETRICS), accept


def test_target_says_who_it_is(server):
    running = server(code=APP, config={"otlp": {"resource": {"service.name": 'a"b\\c'}}})
    assert 'service_name="a\\"b\\\\c"' in running.metrics()


def test_counters_outlive_workers_and_observers(server):
    running = server(code=APP)
    for _ in range(7):
        running.get("/")
    settled(running, 7)
    running.kill_worker()
    running.get("/")
    samples = settled(running, 8)
    assert total(samples, COUNT) == 8
    assert total(samples, "pellucid_worker_crashes_total") == 1
    running.kill_observer()
    assert settled(running, 8)


def test_gauges_follow_and_return_to_zero(server):
    running = server(code=APP)
    with running.connect() as wire:
        wire.send(b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n")

        def active():
            name = "http_server_active_requests"
            return {pairs: v for (n, pairs), v in parse(running.metrics()).items() if n == name}

        get = (("http_request_method", "GET"), ("url_scheme", "http"))
        wait_for("an active one", lambda: active() == {get: 1}, 10 * running.target.patience)
        assert running.status()["totals"]["http.server.active_requests"] == 1
        running.kill_worker()
    wait_for("no active one", lambda: active() == {get: 0}, 10 * running.target.patience)
    assert running.status()["totals"]["http.server.active_requests"] == 0


def test_routes_of_the_configuration_are_labels(server):
    running = server(
        code=APP,
        config={"route": [{"match": "GET /orders/*", "name": "/orders/{id}"}]},
    )
    for i in range(20):
        running.get(f"/orders/{i}")
        running.get(f"/other/{i}")
    samples = settled(running, 40)
    assert total(samples, COUNT, http_route="/orders/{id}") == 20
    assert total(samples, COUNT) == 40
    assert len([1 for name, _ in samples if name == COUNT]) == 2
