"""/metrics and metrics over OTLP in a real Prometheus: promtool and PromQL are the judges."""

from __future__ import annotations

import json

import pytest

from support.processes import wait_for
from support.prometheus import Prometheus, check

APP = """
def app(environ, start_response):
    if environ["PATH_INFO"] == "/boom":
        raise ValueError("no")
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""

ROUTES = {"route": [{"match": "GET /orders/*", "name": "/orders/{id}"}]}
COUNT = "http_server_request_duration_seconds_count"


def serve_some(server, **config):
    """A server that has answered 20 requests of a route, one without, and one that failed."""
    running = server(code=APP, config=ROUTES | config)
    for i in range(20):
        running.get(f"/orders/{i}")
    running.get("/")
    running.get("/boom")
    return running


def exporting_to(prometheus):
    """The section of a server that sends it its metrics."""
    return {
        "endpoint": f"{prometheus.url}/api/v1/otlp",
        "metrics_interval": "300ms",
        "signals": ["metrics"],
    }


def settle(prometheus, running, promql, expected):
    """Waits until the query has the value."""

    def look():
        found = prometheus.value(promql)
        return found == expected

    wait_for(f"{promql} == {expected}", look, 30 * running.target.patience, 0.1)


def test_promtool_has_nothing_to_say(server, prometheus_binaries):
    running = serve_some(server)
    assert check(prometheus_binaries, running.metrics()) == (0, "")


@pytest.mark.parametrize("protocol", ["PrometheusText0.0.4", "OpenMetricsText1.0.0"])
def test_prometheus_scrapes(server, prometheus_binaries, scratch, protocol):
    running = serve_some(server)
    address = f"127.0.0.1:{running.admin_port}"
    folder = scratch / "prometheus"
    with Prometheus(prometheus_binaries, folder, (address,), (protocol,)) as prometheus:
        settle(prometheus, running, f'{COUNT}{{http_route="/orders/{{id}}"}}', 20)
        settle(prometheus, running, f"sum({COUNT})", 22)
        assert prometheus.value(f'{COUNT}{{error_type="app_exception"}}') == 1
        running.get("/orders/20")
        settle(prometheus, running, f'{COUNT}{{http_route="/orders/{{id}}"}}', 21)
        rule = f"histogram_quantile(0.5, {COUNT.replace('_count', '_bucket')})"
        assert all(0 < value <= 10 for value in prometheus.query(rule).values())
        # A scrape that cannot be read down to its last line is a failed one.
        assert prometheus.value("min_over_time(up[1m])") == 1
        (target,) = prometheus.api("targets")["activeTargets"]
        assert (target["health"], target["lastError"]) == ("up", "")
        known = prometheus.api("metadata")
        counter = "pellucid_requests" + ("" if protocol.startswith("Open") else "_total")
        assert [of["type"] for of in known[counter]] == ["counter"]


def test_prometheus_takes_exponential_histograms(server, prometheus_binaries, scratch):
    with Prometheus(prometheus_binaries, scratch / "prometheus") as prometheus:
        running = serve_some(server, otlp=exporting_to(prometheus) | {"histogram": "exponential"})
        name = COUNT.removesuffix("_count")
        settle(prometheus, running, f"sum(histogram_count({name}))", 22)
        total = prometheus.value(f"sum(histogram_sum({name}))")
        median = prometheus.value(f"histogram_quantile(0.5, sum({name}))")
        (route,) = [r for r in running.status()["routes"] if r["route"] == "/orders/{id}"]
        assert 0 < median < total < 22
        slowest = f'histogram_quantile(0.99, {name}{{http_route="/orders/{{id}}"}})'
        # Both name the bucket of the slowest of 20; Prometheus interpolates inside, we tell the middle.
        told = route["total"]["duration_seconds"]["p99"]
        assert abs(prometheus.value(slowest) / told - 1) < 0.025
        status = running.status()["metrics_exporter"]
        assert (status["points_failed"], status["points_rejected"]) == (0, 0)


def trace_ids(prometheus, promql):
    """The trace ids of the exemplars that Prometheus has of a query's series."""
    found = prometheus.api("query_exemplars", query=promql, start="0", end="9999999999")
    return {e["labels"]["trace_id"] for series in found for e in series["exemplars"]}


def test_prometheus_keeps_our_exemplars(server, prometheus_binaries, scratch):
    running = server(code=APP, config=ROUTES | {"trace": {"ratio": 0.0}})
    sampled = "4bf92f3577b34da6a3ce929d0e0e4736"
    running.get("/orders/1", {"traceparent": f"00-{sampled}-00f067aa0ba902b7-01"})
    running.get(
        "/orders/2", {"traceparent": "00-ffffffffffffffffffffffffffffffff-00f067aa0ba902b7-00"}
    )
    address = f"127.0.0.1:{running.admin_port}"
    folder = scratch / "prometheus"
    with Prometheus(
        prometheus_binaries, folder, (address,), ("OpenMetricsText1.0.0",)
    ) as prometheus:
        settle(prometheus, running, f'{COUNT}{{http_route="/orders/{{id}}"}}', 2)
        bucket = COUNT.replace("_count", "_bucket")
        wait_for(
            "the exemplar",
            lambda: trace_ids(prometheus, f'{bucket}{{http_route="/orders/{{id}}"}}') == {sampled},
            30 * running.target.patience,
            0.1,
        )
        # A request that failed is kept, whatever the sampling said, and is an exemplar, too.
        running.get("/boom")
        wait_for(
            "that of the failed request",
            lambda: len(trace_ids(prometheus, f'{bucket}{{error_type="app_exception"}}')) == 1,
            30 * running.target.patience,
            0.1,
        )
        assert prometheus.value("min_over_time(up[1m])") == 1


def test_prometheus_takes_our_otlp(server, prometheus_binaries, scratch):
    with Prometheus(prometheus_binaries, scratch / "prometheus") as prometheus:
        resource = {"service.name": "shop"}
        running = serve_some(server, otlp=exporting_to(prometheus) | {"resource": resource})
        settle(prometheus, running, f'{COUNT}{{http_route="/orders/{{id}}"}}', 20)
        settle(prometheus, running, f'sum({COUNT}{{job="shop"}})', 22)
        settle(prometheus, running, "pellucid_requests_total", 22)
        (series,) = prometheus.query("pellucid_requests_total")
        assert set(json.loads(series)) == {"__name__", "instance", "job"}
        status = running.status()["metrics_exporter"]
        assert (status["points_failed"], status["points_rejected"]) == (0, 0)
        assert running.stop() == 0
