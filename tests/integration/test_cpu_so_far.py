"""The CPU time of a request while it runs: in Server-Timing, and for the app itself."""

from __future__ import annotations

import json
import re

import pytest

BURN = """
import asyncio
import json
import time

import pellucid

def burn(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass

def elsewhere(seen):
    burn(0.03)
    seen["pool"] = pellucid.request().phases
"""
APPS = {
    "wsgi": BURN
    + """
from concurrent.futures import ThreadPoolExecutor

def app(environ, start_response):
    seen = {"first": pellucid.request().phases}
    if environ["PATH_INFO"] == "/burn":
        burn(0.03)
        time.sleep(0.03)
        seen["now"] = pellucid.request().phases
        with ThreadPoolExecutor(1) as pool:
            pool.submit(elsewhere, seen).result()
    start_response("200 OK", [])
    return [json.dumps(seen).encode()]
""",
    "asgi": BURN
    + """
async def app(scope, receive, send):
    assert scope["type"] == "http"
    seen = {"first": pellucid.request().phases}
    if scope["path"] == "/burn":
        burn(0.03)
        await asyncio.sleep(0.03)
        seen["now"] = pellucid.request().phases
        await asyncio.to_thread(elsewhere, seen)
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": json.dumps(seen).encode()})
""",
}


@pytest.fixture(params=APPS)
def running(request, worker):
    config = {"http": {"server_timing": True}, "server": {"threads": 2}}
    return worker(code=APPS[request.param], config=config)


def cpu_of(response) -> float | None:
    """Milliseconds of cpu in Server-Timing; None without."""
    found = re.search(r", cpu;dur=([0-9.]+)$", response.header("server-timing"))
    return float(found[1]) if found else None


def test_what_the_app_has_used(running):
    response = running.get("/burn")
    seen = json.loads(response.body)
    first, now = seen["first"], seen["now"]
    assert first.get("cpu", 0) <= first["app"]
    assert 0.029 <= now["cpu"] <= now["app"] - 0.025
    assert now["total"] == pytest.approx(
        sum(now[phase] for phase in ("head", "body", "queue", "app", "write"))
    )
    told = cpu_of(response)
    assert told is not None
    assert now["cpu"] * 1e3 - 0.001 <= told <= now["cpu"] * 1e3 + 25 * running.target.patience


def test_another_thread_knows_nothing_of_it(running):
    assert "cpu" not in json.loads(running.get("/burn").body)["pool"]
