"""A collector that is away, killed, or comes back: what waits, what is kept, what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.load import Load
from support.processes import wait_for
from support.receiver import Answer
from support.samples import parse, total

APP = """
def app(environ, start_response):
    status = "500 Oh" if environ["PATH_INFO"].startswith("/bad") else "200 OK"
    start_response(status, [("Content-Length", "2")])
    return [b"ok"]
"""
AWAY = Answer(503, {"Retry-After": "1"})
BATCH = 100  # requests in one write
MEMORY = 64 << 20


def exporter(running: Any) -> dict[str, Any]:
    """What /status says of the exporter of spans."""
    found: dict[str, Any] = running.status()["exporter"]
    return found


def send(running: Any, count: int, path: str = "/orders/%d") -> None:
    """Count requests (a multiple of BATCH) on one connection."""
    with running.connect(60) as wire:
        for first in range(0, count, BATCH):
            wire.send(
                b"".join(
                    b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % (path % i).encode()
                    for i in range(first, first + BATCH)
                )
            )
            for _ in range(BATCH):
                wire.read()


def resident(pid: int) -> int:
    """Resident memory of a process in bytes."""
    [line] = [
        line
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmRSS")
    ]
    return int(line.split()[1]) << 10


def test_a_collector_that_is_restarted_under_load_misses_nothing(
    server: Any, collector: Any
) -> None:
    running = server(
        code=APP,
        config={"otlp": {"endpoint": collector.url}, "http": {"access_log": "off"}},
    )
    patience = running.target.patience
    send(running, 500, "/before/%d")
    collector.wait(500, 20 * patience)
    with Load(running.address, threads=2, path="/load") as load:
        load.wait_for_more(100)
        collector.stop()
        wait_for("failure", lambda: exporter(running)["is_failing"], 20 * patience)
        load.wait_for_more(2000, 60 * patience)
        collector.restart()
        load.wait_for_more(500, 60 * patience)
    wait_for(
        "the last request",
        lambda: total(parse(running.metrics()), "http_server_active_requests") == 0,
        10 * patience,
    )
    count = int(total(parse(running.metrics()), "pellucid_requests_total"))
    spans = wait_for(
        f"{count} spans",
        lambda: found if len(found := collector.spans()) >= count else None,
        90 * patience,
    )
    assert len({s["spanId"] for s in spans}) == count
    found = exporter(running)
    assert found["spans_dropped"] == found["spans_failed"] == found["spans_rejected"] == 0
    assert load.errors == []


def test_what_a_killed_worker_had_finished_is_exported(server: Any, receiver: Any) -> None:
    running = server(code=APP, config={"server": {"workers": 1}}, receiver=receiver)
    for _ in range(3):
        send(running, 300)
        running.wait_recorded()
        running.kill_worker()
    spans = receiver.wait(900, 20 * running.target.patience)
    assert len({s.span_id for s in spans}) == 900
    assert not any("error.type" in s.attributes for s in spans)


def test_a_hundred_thousand_spans_wait_in_64_mib(server: Any, receiver: Any) -> None:
    count = 100_000
    receiver.answers = [AWAY] * 10_000
    running = server(
        code=APP,
        config={"otlp": {"signals": ["traces"]}, "http": {"access_log": "off"}},
        receiver=receiver,
    )
    if running.target.sanitize:
        pytest.skip("memory under sanitizers is not what it is")
    patience = running.target.patience
    send(running, count)
    wait_for(
        "spans in the queue",
        lambda: (e := exporter(running))["queue_spans"] + e["spans_in_flight"] == count,
        20 * patience,
    )
    assert resident(running.observer()) < MEMORY
    receiver.answers = []
    spans = receiver.wait(count, 120 * patience)
    assert len({s.span_id for s in spans}) == len(spans) == count
    assert exporter(running)["spans_dropped"] == exporter(running)["spans_failed"] == 0
    assert resident(running.observer()) < MEMORY
