"""The Server-Timing field of responses."""

from __future__ import annotations

import re
import time

import pytest

APPS = {
    "wsgi": """
import time

def app(environ, start_response):
    if environ["PATH_INFO"] == "/boom":
        raise ValueError("no")
    environ["wsgi.input"].read()
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
    while (await receive()).get("more_body"):
        pass
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


def durations(value):
    """Milliseconds by phase; "total" is checked to be their sum."""
    names = ("head", "body", "queue", "app", "total")
    pattern = ", ".join(rf"{name};dur=(\d+\.\d{{3}})" for name in names)
    found = re.fullmatch(pattern + r"(?:, cpu;dur=[0-9.]+)?", value)  # CPU: where it is known
    assert found
    *phases, total = (float(number) for number in found.groups())
    assert abs(sum(phases) - total) <= 0.004  # each is cut to microseconds
    return dict(zip(names, [*phases, total], strict=True))


def test_phases_until_the_head(worker, code):
    running = worker(code=code, config={"http": {"server_timing": True}})
    own, ours = server_timings(running.get("/"))
    assert own == "db;dur=1"
    phases = durations(ours)
    assert 49 < phases["app"] <= phases["total"] < 10_000 * running.target.patience


def test_a_slow_upload_is_not_the_apps(worker, code):
    running = worker(code=code, config={"http": {"server_timing": True}})
    with running.connect() as wire:
        wire.send(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        )
        wire.read_until(b"\r\n\r\n")  # the app waits for its body
        time.sleep(1)
        wire.send(b"ab")
        response = wire.read()
    phases = durations(server_timings(response)[1])
    assert phases["body"] > 400
    assert phases["app"] <= phases["total"] - phases["body"]


def test_an_answer_of_the_servers_own_has_none(worker, code):
    running = worker(code=code, config={"http": {"server_timing": True}})
    response = running.get("/boom")
    assert response.status == 500
    assert server_timings(response) == []


def test_nothing_by_default(worker, code):
    assert server_timings(worker(code=code).get("/")) == ["db;dur=1"]
