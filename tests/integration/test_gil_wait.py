"""The time that application threads wait for the GIL, where the server is the one who takes it."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from support.processes import wait_for
from support.samples import parse, total

# Python switches threads every 5 ms; here a thread that computes keeps the GIL until it sleeps.
APP = """
import sys
import threading
import time

sys.setswitchinterval(100)
wanted = threading.Event()

def burn():
    end = time.monotonic() + 1
    while time.monotonic() < end:
        pass

def stranger():
    while True:
        wanted.wait()
        wanted.clear()
        burn()

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/thread":
        threading.Thread(target=stranger, daemon=True).start()
    elif path == "/wanted":
        wanted.set()
    elif path == "/burn":
        burn()
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""
LONG = 0.1

Span = dict[str, Any]


@pytest.fixture
def start(server):
    def begin(threads: int):
        config = {
            "server": {"workers": 1, "threads": threads},
            "http": {"access_log_format": "json"},
        }
        return server(code=APP, config=config)

    return begin


def spans(running, count: int) -> dict[str, Span]:
    """The last requests by their path, once there are so many."""

    def look() -> list[Span] | None:
        found = json.loads(running.admin("/spans.json")[1])["spans"]
        return found if len(found) >= count else None

    found = wait_for(f"{count} spans", look, 10 * running.target.patience)
    return {span["path"]: span for span in reversed(found)}


def in_flight(running, path: str) -> None:
    wait_for(
        f"{path} in the app",
        lambda: any(
            r["path"] == path and r["phase"] == "app"
            for r in running.status()["requests_in_flight"]
        ),
        10 * running.target.patience,
    )


def test_a_request_that_waits_for_another_thread(start):
    running = start(4)
    with running.connect() as burner, running.connect() as wire:
        burner.send(b"GET /burn HTTP/1.1\r\nHost: a\r\n\r\n")
        in_flight(running, "/burn")
        wire.send(b"GET /waits HTTP/1.1\r\nHost: a\r\n\r\n").read()
        burner.read()
    running.get("/alone")
    found = spans(running, 3)
    waited = found["/waits"]["gil_wait_seconds"]
    assert LONG < waited <= found["/waits"]["phase_seconds"]["queue"]
    for path in ("/alone", "/burn"):
        assert found[path].get("gil_wait_seconds", 0) < LONG
    lines = wait_for(
        "three lines",
        lambda: len(text := running.access_log.splitlines()) == 3 and list(map(json.loads, text)),
        10 * running.target.patience,
    )
    (line,) = [line for line in lines if line["path"] == "/waits"]
    assert line["gil_wait_ms"] == pytest.approx(waited * 1e3, abs=0.002)

    summed = sum(span.get("gil_wait_seconds", 0) for span in found.values())
    samples = parse(running.metrics())
    counted = total(samples, "pellucid_request_gil_wait_time_seconds_total")
    assert counted == pytest.approx(summed, abs=1e-6)
    (route,) = running.status()["routes"]
    assert route["total"]["gil_wait_seconds"] == pytest.approx(summed / 3, abs=1e-6)


def test_a_thread_of_the_apps_own(start):
    running = start(1)
    running.get("/thread")
    threading.Event().wait(1.1)  # the server looks for threads once a second, at a request
    running.get("/look")
    waits: list[float] = []
    # The burning thread has the GIL from the moment the loop gives it up, if it gets a CPU by then.
    while max(waits, default=0) <= LONG and len(waits) < 20:
        running.get("/wanted")
        running.get("/waits")
        found = spans(running, 4 + len(waits))
        waits += [found[path].get("gil_wait_seconds", 0) for path in ("/wanted", "/waits")]
    assert max(waits) > LONG, waits


def test_a_body_that_comes_while_another_thread_computes(start):
    running = start(4)
    with running.connect() as burner, running.connect() as wire:
        wire.send(b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx")
        wait_for(
            "the app to wait for its body",
            lambda: [r["phase"] for r in running.status()["requests_in_flight"]] == ["body"],
            10 * running.target.patience,
        )
        burner.send(b"GET /burn HTTP/1.1\r\nHost: a\r\n\r\n")
        in_flight(running, "/burn")
        wire.send(b"y").read()
        burner.read()
    body = spans(running, 2)["/body"]
    phases = body["phase_seconds"]
    assert LONG < body["gil_wait_seconds"] <= phases["queue"] + phases["app"]
