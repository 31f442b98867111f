"""The Server-Timing field of responses."""

from __future__ import annotations

import re

import pytest

APPS = {
    "wsgi": """
import time

def app(environ, start_response):
    if environ["PATH_INFO"] == "/boom":
        raise ValueError("no")
    time.sleep(0.05)
    start_response("200 OK", [("Content-Length", "2"), ("Server-Timing", "db;dur=1")])
    time.sleep(0.05)
    return [b"ok"]
""",
    "asgi": """
import asyncio

async def app(scope, receive, send):
    assert scope["type"] == "http"
    if scope["path"] == "/boom":
        raise ValueError("no")
    await asyncio.sleep(0.05)
    fields = [(b"content-length", b"2"), (b"server-timing", b"db;dur=1")]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": b"ok"})
""",
}


@pytest.fixture(params=["wsgi", "asgi"])
def code(request):
    """An app that sleeps for 50 ms before its head, and has a Server-Timing of its own."""
    return APPS[request.param]


def server_timings(response):
    return [value for name, value in response.headers if name.lower() == "server-timing"]


def test_phases_until_the_head(worker, code):
    running = worker(code=code, config={"http": {"server_timing": True}})
    own, ours = server_timings(running.get("/"))
    assert own == "db;dur=1"
    found = re.fullmatch(
        ", ".join(
            rf"{name};dur=(\d+\.\d{{3}})" for name in ("head", "body", "queue", "app", "total")
        )
        + r"(?:, cpu;dur=[0-9.]+)?",  # where it is known
        ours,
    )
    assert found
    *phases, total = (float(number) for number in found.groups())
    assert 49 < phases[-1] <= total < 10_000 * running.target.patience
    assert abs(sum(phases) - total) <= 0.004  # each is cut to microseconds


def test_an_answer_of_the_servers_own_has_none(worker, code):
    running = worker(code=code, config={"http": {"server_timing": True}})
    response = running.get("/boom")
    assert response.status == 500
    assert server_timings(response) == []


def test_nothing_by_default(worker, code):
    assert server_timings(worker(code=code).get("/")) == ["db;dur=1"]
