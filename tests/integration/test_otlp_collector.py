"""Spans, metrics and logs in a real OpenTelemetry Collector: the upstream receiver is the judge."""

from __future__ import annotations

from support.processes import wait_for

APP = """
def app(environ, start_response):
    if environ["PATH_INFO"] == "/boom":
        raise ValueError("no such order")
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""


def attributes(pairs):
    return {p["key"]: next(iter(p["value"].values())) for p in pairs}


def test_collector_takes_our_spans(server, collector):
    running = server(
        code=APP,
        config={"otlp": {"endpoint": collector.url, "resource": {"service.name": "shop"}}},
    )
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert running.get("/orders", {"traceparent": parent}).status == 200
    assert running.get("/boom").status == 500
    for _ in range(600):
        running.get("/many")
    spans = collector.wait(602, 20 * running.target.patience)
    assert len({s["spanId"] for s in spans}) == len(spans) == 602

    (span,) = [s for s in spans if s["traceId"] == "4bf92f3577b34da6a3ce929d0e0e4736"]
    assert span["parentSpanId"] == "00f067aa0ba902b7"
    assert (span["name"], span["kind"], span["flags"]) == ("GET", 2, 0x301)
    assert int(span["endTimeUnixNano"]) > int(span["startTimeUnixNano"])
    found = attributes(span["attributes"])
    assert found["url.path"] == "/orders"
    assert found["http.response.status_code"] == "200"
    assert 0 < found["pellucid.request.app.duration"] < 1

    (failed,) = [s for s in spans if s.get("status", {}).get("code") == 2]
    assert failed["events"][0]["name"] == "exception"
    event = attributes(failed["events"][0]["attributes"])
    assert event["exception.message"] == "no such order"

    resource = attributes(collector.received()[0]["resource"]["attributes"])
    assert resource["service.name"] == "shop"
    assert running.status()["exporter"]["spans_failed"] == 0


def test_collector_takes_exponential_histograms(server, collector):
    running = server(
        code=APP,
        config={
            "otlp": {"endpoint": collector.url, "signals": ["metrics"], "histogram": "exponential"}
        },
    )
    for _ in range(20):
        running.get("/orders")
    assert running.stop() == 0

    def arrived():
        return {m["name"]: m for m in collector.metrics()}.get("http.server.request.duration")

    duration = wait_for("the durations", arrived, 10)
    (point,) = duration["exponentialHistogram"]["dataPoints"]
    assert duration["exponentialHistogram"]["aggregationTemporality"] == 2
    assert (int(point["count"]), point["scale"]) == (20, 5)
    buckets = point["positive"]
    counts = [int(n) for n in buckets["bucketCounts"]]
    assert sum(counts) + int(point.get("zeroCount", 0)) == 20
    mean, base = point["sum"] / 20, 2 ** (2**-5)
    assert base ** buckets["offset"] <= mean <= base ** (buckets["offset"] + len(counts))


def metrics_of(collector, count):
    """The last metric of each name once the durations are of count requests; before, None.

    The collector has answered when it has the metrics, and writes them a little later.
    """
    last = {m["name"]: m for m in collector.metrics()}
    points = last.get("http.server.request.duration", {}).get("histogram", {}).get("dataPoints", [])
    return last if sum(int(p["count"]) for p in points) == count else None


def test_collector_takes_our_metrics(server, collector):
    running = server(
        code=APP,
        config={
            "otlp": {
                "endpoint": collector.url,
                "metrics_interval": "500ms",
                "signals": ["metrics"],
                "resource": {"service.name": "shop"},
            }
        },
    )
    for _ in range(20):
        running.get("/orders")
    running.get("/boom")
    assert running.stop() == 0  # the last export has it all
    last = wait_for("21 requests in the collector", lambda: metrics_of(collector, 21), 10)
    duration = last["http.server.request.duration"]
    assert duration["unit"] == "s"
    assert duration["histogram"]["aggregationTemporality"] == 2
    counts = {
        attributes(p["attributes"])["http.response.status_code"]: int(p["count"])
        for p in duration["histogram"]["dataPoints"]
    }
    assert counts == {"200": 20, "500": 1}
    for point in duration["histogram"]["dataPoints"]:
        exemplars = point["exemplars"]
        assert 1 <= len(exemplars) <= int(point["count"])
        assert {len(e["traceId"]) for e in exemplars} == {32}
        assert all(0 < e["asDouble"] < 10 for e in exemplars)
    requests = last["pellucid.requests"]["sum"]
    assert requests["isMonotonic"] is True
    assert requests["dataPoints"][0]["asInt"] == "21"
    resource = attributes(collector.received("resourceMetrics")[0]["resource"]["attributes"])
    assert resource["service.name"] == "shop"
    assert len(resource["service.instance.id"]) == 36


def test_collector_takes_our_logs(server, collector):
    running = server(code=APP, config={"otlp": {"endpoint": collector.url, "signals": ["logs"]}})
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert running.get("/boom", {"traceparent": parent}).status == 500
    (record,) = wait_for("a log record in the collector", collector.logs, 20)
    assert record["eventName"] == "http.server.request.exception"
    assert (record["severityNumber"], record["severityText"]) == (17, "ERROR")
    assert record["traceId"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    found = attributes(record["attributes"])
    assert found["exception.type"] == "ValueError"
    assert found["exception.message"] == "no such order"
    assert found["exception.stacktrace"].endswith("ValueError: no such order")
    assert running.status()["logs_exporter"]["log_records_failed"] == 0
