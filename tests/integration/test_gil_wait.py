"""The time that requests wait for the GIL: in their queue, and wherever their app runs."""

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


def test_a_request_that_waits_for_another_thread(start):
    running = start(4)
    with running.connect() as burner, running.connect() as wire:
        burner.send(b"GET /burn HTTP/1.1\r\nHost: a\r\n\r\n")
        running.wait_in_flight()
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
        running.wait_in_flight(phase="body")
        burner.send(b"GET /burn HTTP/1.1\r\nHost: a\r\n\r\n")
        running.wait_in_flight()
        wire.send(b"y").read()
        burner.read()
    body = spans(running, 2)["/body"]
    phases = body["phase_seconds"]
    assert LONG < body["gil_wait_seconds"] <= phases["queue"] + phases["app"]


# --- in the app's own code ---

BURNER = """
import asyncio
import threading
import time

wanted = threading.Event()

def compute():
    end = time.thread_time() + 0.1
    while time.thread_time() < end:
        pass

def burn():
    while wanted.is_set():
        pass

def handle(path):
    if path == "/burn":
        wanted.set()
        threading.Thread(target=burn, daemon=True).start()
    elif path == "/stop":
        wanted.clear()
    elif path.endswith("/compute"):
        compute()
"""

WSGI_BURNER = (
    BURNER
    + """
def app(environ, start_response):
    handle(environ["PATH_INFO"])
    if environ["PATH_INFO"].endswith("/sleep"):
        for _ in range(10):
            time.sleep(0.002)
    start_response("200 OK", [("Content-Length", "2")])
    return Closing() if environ["PATH_INFO"].endswith("/after") else [b"ok"]

class Closing:
    def __iter__(self):
        return iter([b"ok"])

    def close(self):
        compute()
"""
)

ASGI_BURNER = (
    BURNER
    + """
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("no lifespan")
    handle(scope["path"])
    if scope["path"].endswith("/sleep"):
        for _ in range(10):
            await asyncio.sleep(0.002)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})
    if scope["path"].endswith("/after"):
        compute()
"""
)


@pytest.fixture(params=["wsgi", "asyncio", "uvloop"])
def burner(request, server):
    """A server with one thread for requests, whose app starts another one that computes."""
    if request.param == "wsgi":
        return server(code=WSGI_BURNER, config={"server": {"workers": 1, "threads": 1}})
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    return server(code=ASGI_BURNER, config={"server": {"workers": 1, "loop": request.param}})


@pytest.mark.parametrize("what", ["compute", "sleep"])
def test_an_app_beside_a_thread_that_computes(burner, what):
    burner.get(f"/alone/{what}")
    waits: list[float] = []
    # Another thread has the GIL for 5 ms at a time, if it gets a CPU.
    while max(waits, default=0) <= 0.02 and len(waits) < 20:
        burner.get("/burn")
        burner.get(f"/beside/{what}")
        burner.get("/stop")
        found = spans(burner, 4 + 3 * len(waits))
        beside = found[f"/beside/{what}"]
        waits.append(beside.get("gil_wait_seconds", 0))
        known = beside.get("cpu_seconds", 0) + waits[-1]
        assert known <= beside["phase_seconds"]["queue"] + beside["phase_seconds"]["app"] + 0.001
    assert max(waits) > 0.02, waits
    assert "gil_wait_seconds" not in found[f"/alone/{what}"]


def test_what_an_app_does_after_the_last_byte_waits_for_itself(burner):
    burner.get("/burn")
    for _ in range(3):
        burner.get("/after")
    burner.get("/stop")
    burner.wait_recorded()
    found = json.loads(burner.admin("/spans.json")[1])["spans"]
    after = [span for span in found if span["path"] == "/after"]
    assert len(after) == 3
    for span in after:
        phases = span["phase_seconds"]
        assert span.get("gil_wait_seconds", 0) <= phases["queue"] + phases["app"] + 1e-6
        assert span.get("gil_wait_seconds", 0) < 0.05


def test_the_wait_of_a_loop_is_not_of_who_waits_for_something_else(server):
    """A request that awaits what takes long is not charged with what the loop waits meanwhile."""
    code = ASGI_BURNER.replace("0.002", "1").replace("range(10)", "range(1)")
    running = server(code=code, config={"server": {"workers": 1}})
    with running.connect() as wire:
        wire.send(b"GET /long/sleep HTTP/1.1\r\nHost: a\r\n\r\n")
        running.wait_in_flight()
        running.get("/burn")
        for _ in range(40):
            running.get("/")
        running.get("/stop")
        wire.read()
    found = spans(running, 43)
    # All the waits together took 0.2 s and more; its own end was a second later than the last.
    assert found["/long/sleep"].get("gil_wait_seconds", 0) < 0.05


def test_a_loop_that_waited_while_a_request_slept(server):
    """The wait is over for long when the request goes on."""
    code = ASGI_BURNER.replace("0.002", "2").replace("range(10)", "range(1)")
    code = code.replace(
        "import asyncio\n", "import asyncio\nimport sys\nsys.setswitchinterval(0.1)\n", 1
    )
    running = server(code=code, config={"server": {"workers": 1}})
    with running.connect() as wire:
        wire.send(b"GET /long/sleep HTTP/1.1\r\nHost: a\r\n\r\n")
        running.wait_in_flight()
        running.get("/burn")
        running.get("/stop")
        wire.read()
    assert spans(running, 3)["/long/sleep"].get("gil_wait_seconds", 0) == 0
