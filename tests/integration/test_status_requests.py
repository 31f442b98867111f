"""/status on requests in flight: what each is at, and which route it is of."""

from __future__ import annotations

from typing import Any

import pytest

from support.processes import wait_for

APPS = {
    "wsgi": """
import time

import pellucid

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/named":
        pellucid.request().route = "/{name}"
    if path in ("/sleep", "/named"):
        time.sleep(120)
    environ["wsgi.input"].read()
    start_response("200 OK", [])
    return [b"x" * (10_000_000 if path == "/large" else 10)] * 3
""",
    "asgi": """
import asyncio
import time

import pellucid

async def app(scope, receive, send):
    assert scope["type"] == "http"
    path, more = scope["path"], True
    if path == "/named":
        pellucid.request().route = "/{name}"
    if path in ("/sleep", "/named"):
        await asyncio.sleep(120)
    if path == "/block":
        time.sleep(2)
    while more:
        more = (await receive())["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for more in (True, True, False):
        body = b"x" * (10_000_000 if path == "/large" else 10)
        await send({"type": "http.response.body", "body": body, "more_body": more})
""",
}
CONFIG: dict[str, Any] = {
    "server": {"workers": 1, "threads": 2, "graceful_timeout": "1s"},
    "route": [{"match": "/sleep", "name": "/known"}],
}
LATER = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345"


@pytest.fixture(params=["wsgi", "asgi"])
def running(request, server):
    """A server with two places for the app."""
    return server(code=APPS[request.param], config=CONFIG)


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


def test_the_app_and_its_routes(running):
    def look() -> dict[str, dict[str, Any]] | None:
        found = {r["route"]: r for r in running.wait_in_flight(2, "app") if "route" in r}
        return found if len(found) == 2 else None

    with running.connect() as known, running.connect() as named:
        known.send(get("/sleep"))
        named.send(get("/named"))
        requests = wait_for("two routes", look, 10 * running.target.patience)
    assert requests["/known"]["path"] == "/sleep"
    assert requests["/{name}"]["path"] == "/named"
    assert requests["/known"]["app_seconds"] <= requests["/known"]["age_seconds"]


def test_a_body_that_is_still_coming(running):
    with running.connect() as wire:
        wire.send(LATER)
        (request,) = running.wait_in_flight(phase="body")
        assert "route" not in request
        assert wire.send(b"67890").read().status == 200
    running.wait_recorded()


def test_a_client_that_does_not_read(running):
    with running.connect() as wire:
        wire.send(get("/large"))
        (request,) = running.wait_in_flight(phase="write")
        assert request["path"] == "/large"
        wire.read_exactly(30_000_000)
    running.wait_recorded()


def test_a_body_held_for_a_thread_that_is_free(server):
    running = server(code=APPS["wsgi"], config=CONFIG)
    with running.connect() as wire, running.connect() as second:
        wire.send(LATER)
        (request,) = running.wait_in_flight(phase="body")
        assert "app_seconds" in request  # it waits in the app, which takes half of the threads
        second.send(LATER)
        requests = running.wait_in_flight(2, "body")
        assert ["app_seconds" in r for r in requests].count(True) == 1
        for each in (wire, second):
            assert each.send(b"67890").read().status == 200
    running.wait_recorded()


def test_the_queue_for_a_thread(server):
    config = CONFIG | {"server": {"workers": 1, "threads": 1, "graceful_timeout": "1s"}}
    running = server(code=APPS["wsgi"], config=config)
    with running.connect() as wire, running.connect() as second:
        wire.send(get("/sleep"))
        running.wait_in_flight(phase="app")
        second.send(get("/"))
        (request,) = running.wait_in_flight(phase="queue")
        assert request["path"] == "/"
        assert "app_seconds" not in request
