"""The phases of requests: where the time goes, and that they add up to all of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from support.processes import wait_for

APPS = {
    "wsgi": """
import time

def app(environ, start_response):
    path = environ["PATH_INFO"]
    data = environ["wsgi.input"].read()
    if path == "/boom":
        time.sleep(0.15)
        raise ValueError("no")
    start_response("200 OK", [("X-Length", str(len(data)))])
    return produce(path)

def produce(path):
    if path == "/busy":
        time.sleep(0.4)
    for i in range(100 if path == "/large" else 3):
        if path == "/stream":
            time.sleep(0.05)
        yield b"x" * (100000 if path == "/large" else 10)
""",
    "asgi": """
import asyncio
import time

async def app(scope, receive, send):
    assert scope["type"] == "http"
    path, length, more = scope["path"], 0, True
    while more:
        message = await receive()
        length += len(message["body"])
        more = message["more_body"]
    if path == "/boom":
        await asyncio.sleep(0.15)
        raise ValueError("no")
    if path == "/busy":
        time.sleep(0.4)
    fields = [(b"x-length", str(length).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    n = 100 if path == "/large" else 3
    for i in range(n):
        if path == "/stream":
            await asyncio.sleep(0.05)
        body = b"x" * (100000 if path == "/large" else 10)
        await send({"type": "http.response.body", "body": body, "more_body": i < n - 1})
""",
}
PAUSE = 0.15

Span = dict[str, Any]


@pytest.fixture(params=["wsgi", "asgi"])
def running(request, server):
    """A server with one place for the app, whose access log is JSON."""
    config = {
        "server": {"workers": 1, "threads": 1},
        "http": {"access_log_format": "json"},
    }
    return server(code=APPS[request.param], config=config)


def spans(running, n: int) -> list[Span]:
    """The last n requests, oldest first; what must hold of each of them is seen to."""

    def look() -> list[Span] | None:
        found = json.loads(running.admin("/spans.json")[1])["spans"]
        return found if len(found) >= n else None

    found = wait_for(f"{n} spans", look, 10 * running.target.patience)[:n]
    for span in found:
        assert list(span["phase_seconds"]) == ["head", "body", "queue", "app", "write"]
        total = sum(span["phase_seconds"].values())
        assert total == pytest.approx(span["duration_seconds"], abs=1e-6), span
    return found[::-1]


def slow_head(running) -> None:
    with running.connect() as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost:")
        time.sleep(PAUSE)
        wire.send(b" a\r\n\r\n").read()


def slow_body(running) -> None:
    with running.connect() as wire:
        wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345")
        time.sleep(PAUSE)
        assert wire.send(b"67890").read().header("x-length") == "10"


def slow_reader(running) -> None:
    with running.connect() as wire:
        wire.send(b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        wire.read_exactly(10)
        time.sleep(PAUSE)
        assert wire.read_all().endswith(b"\r\n0\r\n\r\n")


def stream(running) -> None:
    assert running.get("/stream").body == b"x" * 30


def failure(running) -> None:
    assert running.get("/boom").status == 500


@pytest.mark.parametrize(
    ("send", "phase"),
    [
        (slow_head, "head"),
        (slow_body, "body"),
        (slow_reader, "write"),
        (stream, "app"),
        (failure, "app"),
    ],
)
def test_time_is_in_its_phase(running, send: Callable[[Any], None], phase: str):
    send(running)
    (span,) = spans(running, 1)
    assert span["phase_seconds"][phase] >= 0.5 * PAUSE
    others = span["duration_seconds"] - span["phase_seconds"][phase]
    assert others < 0.5 * PAUSE * running.target.patience


def test_queued_behind_a_busy_app(running):
    """One keeps the app busy; of two that come meanwhile one has to wait for the other, too."""
    wires = [running.connect() for _ in range(3)]
    for wire in wires:
        wire.send(b"GET /busy HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.05)
    for wire in wires:
        assert wire.read().status == 200
        wire.close()
    found = spans(running, 3)
    assert max(span["phase_seconds"]["queue"] for span in found) >= 0.3
    assert all(span["phase_seconds"]["app"] >= 0.4 for span in found)


def test_access_log_adds_up(running):
    slow_body(running)
    failure(running)
    running.wait_access("\n", 2)
    lines = [json.loads(line) for line in running.access_log.splitlines()]
    for line in lines:
        parts = [line.get(f"{name}_ms", 0) for name in ("head", "body", "queue", "app", "write")]
        assert sum(parts) == pytest.approx(line["total_ms"], abs=0.006)
    assert lines[0]["body_ms"] >= 0.5e3 * PAUSE
    assert lines[1]["total_ms"] >= lines[1]["app_ms"] >= 0.5e3 * PAUSE
    assert lines[1]["ttfb_ms"] > 0


def test_a_refused_request_adds_up(running):
    running.raw(b"GET / HTTP/1.1\r\nbad header\r\n\r\n")
    running.raw(b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
    assert [span["status"] for span in spans(running, 1)] == [400]
