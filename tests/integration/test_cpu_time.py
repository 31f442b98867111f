"""The CPU time of each request: its own, however many run beside it."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from support.processes import wait_for

APPS = {
    "wsgi": """
import time

def burn(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass

def app(environ, start_response):
    if environ["PATH_INFO"] == "/burn":
        for _ in range(10):
            burn(0.005)
            time.sleep(0.005)
    elif environ["PATH_INFO"] == "/idle":
        time.sleep(0.15)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
""",
    "asgi": """
import asyncio
import time

def burn(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass

async def app(scope, receive, send):
    assert scope["type"] == "http"
    if scope["path"] == "/burn":
        for _ in range(10):
            burn(0.005)
            await asyncio.sleep(0.005)
    elif scope["path"] == "/idle":
        for _ in range(15):
            await asyncio.sleep(0.01)
    fields = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": b"ok"})
""",
}
BURNT = 0.05
ERROR = 0.002

Span = dict[str, Any]


@pytest.fixture(params=["wsgi", "asyncio", "uvloop"])
def running(request, server):
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    config = {
        "server": {"workers": 1, "threads": 4},
        "http": {"access_log_format": "json"},
    }
    if request.param != "wsgi":
        config["server"]["loop"] = request.param
    return server(code=APPS["wsgi" if request.param == "wsgi" else "asgi"], config=config)


def spans(running, n: int) -> dict[str, Span]:
    """The last n requests by their path."""

    def look() -> list[Span] | None:
        found = json.loads(running.admin("/spans.json")[1])["spans"]
        return found if len(found) >= n else None

    found = wait_for(f"{n} spans", look, 10 * running.target.patience)
    return {span["path"]: span for span in found[:n]}


def test_interleaved_requests_are_told_apart(running):
    with ThreadPoolExecutor(2) as pool:
        answers = pool.map(running.get, ["/idle", "/burn"])
        assert [answer.status for answer in answers] == [200, 200]
    found = spans(running, 2)
    assert BURNT <= found["/burn"]["cpu_seconds"] <= BURNT + ERROR
    idle = found["/idle"]
    assert 0 < idle.get("cpu_seconds", idle.get("cpu_seconds_at_most")) < ERROR
    assert f'"{running.get("/").status}"' in running.metrics()


def test_log_and_metrics_have_it(running):
    running.get("/burn")
    running.get("/burn")
    running.wait_access("\n", 2)
    lines = [json.loads(line) for line in running.access_log.splitlines()]
    for line in lines:
        assert 1e3 * BURNT <= line["cpu_ms"] <= 1e3 * (BURNT + ERROR)
    found = re.search(r"\npellucid_request_cpu_time_seconds_total\{.*\} (\S+)\n", running.metrics())
    assert found
    total = sum(line["cpu_ms"] for line in lines) / 1e3
    assert float(found[1]) == pytest.approx(total, abs=1e-5)


def test_a_short_request_is_not_guessed_at(running):
    for _ in range(20):
        running.get("/")
    found = spans(running, 20)["/"]
    moments = found["timeline_seconds"]
    at_most = found.get("cpu_seconds", found.get("cpu_seconds_at_most"))
    assert 0 < at_most <= moments["app_end"] - moments["app_start"] + 1e-6
