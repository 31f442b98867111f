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
    start = now = time.thread_time()
    while now < start + seconds:
        now = time.thread_time()
    return now - start

def app(environ, start_response):
    burnt = 0
    if environ["PATH_INFO"] == "/burn":
        for _ in range(10):
            burnt += burn(0.005)
            time.sleep(0.005)
    elif environ["PATH_INFO"] == "/idle":
        time.sleep(0.15)
    start_response("200 OK", [])
    return [str(burnt).encode()]
""",
    "asgi": """
import asyncio
import time

def burn(seconds):
    start = now = time.thread_time()
    while now < start + seconds:
        now = time.thread_time()
    return now - start

async def app(scope, receive, send):
    assert scope["type"] == "http"
    burnt = 0
    if scope["path"] == "/burn":
        for _ in range(10):
            burnt += burn(0.005)
            await asyncio.sleep(0.005)
    elif scope["path"] == "/idle":
        for _ in range(15):
            await asyncio.sleep(0.01)
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": str(burnt).encode()})
""",
}
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
        _, burn = pool.map(running.get, ["/idle", "/burn"])
    burnt = float(burn.body)  # what the app itself has seen, some 50 ms
    found = spans(running, 2)
    assert burnt <= found["/burn"]["cpu_seconds"] <= burnt + ERROR * running.target.patience
    idle = found["/idle"]
    assert 0 < idle.get("cpu_seconds", idle.get("cpu_seconds_at_most")) < ERROR
    assert f'"{running.get("/").status}"' in running.metrics()


def test_log_and_metrics_have_it(running):
    burnt = [float(running.get("/burn").body) for _ in range(4)]
    running.wait_access("\n", 4)
    lines = [json.loads(line) for line in running.access_log.splitlines()]
    excess = [line["cpu_ms"] / 1e3 - seconds for line, seconds in zip(lines, burnt, strict=True)]
    assert all(seconds >= -1e-6 for seconds in excess)
    # On a busy machine what interrupts the thread counts, too: not each time.
    assert min(excess) <= ERROR * running.target.patience
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


def test_work_behind_the_last_byte_of_write_counts(server):
    """PEP 3333: an app that has written all of its body may still be at work."""
    code = """
import time

def app(environ, start_response):
    write = start_response("200 OK", [("Content-Length", "2")])
    write(b"ok")
    end = time.thread_time() + 0.05
    while time.thread_time() < end:
        pass
    return []
"""
    running = server(code=code, config={"http": {"access_log_format": "json"}})
    assert running.get("/").status == 200
    running.wait_access("\n", 1)
    assert json.loads(running.access_log)["cpu_ms"] >= 50
