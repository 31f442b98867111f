"""The telemetry's own health: in /metrics, by OTLP, and in /status."""

from __future__ import annotations

from support.processes import wait_for
from support.receiver import Answer
from support.samples import parse, total

APP = """
import time

def app(environ, start_response):
    if environ["PATH_INFO"] == "/boom":
        raise ValueError("no")
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""

CONFIG = {"otlp": {"metrics_interval": "1s"}, "http": {"access_log": "off"}}
DURATION = "otel_sdk_exporter_operation_duration_seconds"
SPANS = {"otel_component_type": "otlp_http_span_exporter"}


def seen(running, what, ready):
    """Samples of the first look at which they are ready."""

    def look():
        samples = parse(running.metrics())
        return ready(samples) and samples

    return wait_for(what, look, 20 * running.target.patience)


def exports(samples, **labels):
    found = [
        v
        for (n, pairs), v in samples.items()
        if n == f"{DURATION}_count" and set(labels.items()) <= set(pairs)
    ]
    return sum(found)


def test_exports_that_went_well(server, receiver):
    running = server(code=APP, config=CONFIG, receiver=receiver)
    for path in ("/", "/", "/boom"):
        running.get(path)
    ok = {"http_response_status_code": "200"}
    samples = seen(
        running,
        "an export of each signal",
        lambda s: all(
            exports(s, otel_component_type=f"otlp_http_{signal}_exporter", **ok)
            for signal in ("span", "log", "metric")
        ),
    )
    assert exports(samples, error_type="no_answer") == 0
    assert 0 < total(samples, f"{DURATION}_sum", **SPANS, **ok) < 20 * running.target.patience
    assert total(samples, "otel_sdk_metric_reader_collection_duration_seconds_count") > 0
    assert total(samples, "otel_sdk_exporter_metric_data_point_inflight") >= 0
    ring = 1 << 20
    assert total(samples, "pellucid_ring_limit_bytes") == ring
    assert 0 < total(samples, "pellucid_ring_peak_bytes", pellucid_worker_id="0") <= ring
    assert total(samples, "pellucid_ring_usage_bytes") <= ring
    for signal in ("traces", "logs"):
        limit = total(samples, "pellucid_exporter_queue_limit_bytes", pellucid_signal=signal)
        assert total(samples, "pellucid_exporter_queue_usage_bytes", pellucid_signal=signal) < limit
    told = {p.name for p in receiver.reports()[-1]}
    assert {"otel.sdk.processor.span.queue.size", "pellucid.ring.peak"} <= told
    wait_for(
        "the same by OTLP",
        lambda: (
            DURATION.replace("_", ".").removesuffix(".seconds")
            in {p.name for p in receiver.reports()[-1]}
        ),
        20 * running.target.patience,
    )

    health = running.status()["telemetry"]
    assert health["observer"]["memory_bytes"] > 1 << 20
    assert sum(health["observer"]["cpu_seconds"].values()) > 0
    assert health["spans"]["exported"] == 3
    assert health["log_records"]["exported"] >= 1
    assert not any(health["spans"]["lost"].values())
    (of_worker,) = health["rings"]
    assert 0 < of_worker["bytes_peak"] <= health["ring_bytes_max"] == ring
    done = {(o["component"], o.get("status")): o["count"] for o in health["operations"]}
    assert done["otlp_http_span_exporter", 200] >= 1


def test_exports_that_failed_are_told_by_their_last_status(server, receiver):
    receiver.answers.append(Answer(status=400))
    config = {"otlp": {"signals": ["traces"]}, "http": {"access_log": "off"}}
    running = server(code=APP, config=config, receiver=receiver)
    running.get("/")
    refused = {"http_response_status_code": "400", "error_type": "400"}
    seen(running, "a refused export", lambda s: exports(s, **SPANS, **refused) == 1)
    assert running.status()["telemetry"]["spans"]["lost"]["failed"] == 1
    # Kept when the observer is not.
    running.kill_observer()
    seen(running, "what it was", lambda s: exports(s, **SPANS, **refused) == 1)
