"""Requests that arrive together take each step together: every client has its own answer, and waits
for nobody longer than it must."""

from __future__ import annotations

import json
import socket
import struct
import time
from contextlib import ExitStack
from signal import SIGCONT, SIGSTOP

import pytest

from support.processes import wait_for
from support.wire import request

KINDS = {
    "wsgi-1": {"app": "waves:wsgi", "threads": 1},
    "wsgi-4": {"app": "waves:wsgi", "threads": 4},
    "asgi": {"app": "waves:asgi", "loop": "asyncio"},
    "uvloop": {"app": "waves:asgi", "loop": "uvloop"},
}
# How often the machine may be in a mood in which no app is quick, and for how many seconds.
TRIES = 10
PATIENCE = 15


@pytest.fixture(params=KINDS)
def running(server, request):
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    return server(config={"server": KINDS[request.param], "http": {"access_log_format": "json"}})


def warm_up(running):
    """Quick requests, until the app is trusted to be quick."""
    with running.connect() as wire:
        for _ in range(45):  # a debt is 4,096 at most
            wire.send(request("GET", "/warm") * 100)
            for _ in range(100):
                assert wire.read().text == "/warm"


def burst(running, wires, requests):
    """All requests arrive while the worker stands still, one after the other."""
    (worker,) = running.workers()
    running.signal(SIGSTOP, worker)
    for wire, data in zip(wires, requests, strict=True):
        wire.send(data)
    running.signal(SIGCONT, worker)


def lines(running, path):
    """The access records of requests whose path begins so."""
    found = [json.loads(line) for line in running.access_log.splitlines() if line.endswith("}")]
    return [line for line in found if line["path"].startswith(path)]


def kept(found):
    """How many answers have waited for others. One that has not leaves within its app's time, or
    right after it."""
    return sum(line.get("write_ms", 0) > 0.02 for line in found)


def each_wave(running, then):
    """Calls then(wires, n), which sends a burst with /quick/n-0 to /quick/n-29 in it and looks at
    what comes of it, until some of those answers were kept."""
    end = time.monotonic() + PATIENCE
    for n in range(TRIES):
        warm_up(running)
        with ExitStack() as stack:
            then([stack.enter_context(running.connect()) for _ in range(50)], n)
        running.wait_access(f"/quick/{n}-", 30)
        if kept(lines(running, f"/quick/{n}-")) > 3:
            return
        if time.monotonic() > end:
            break
    # Instrumented builds are generous (PEL_WAVE_QUICK_NS): there it must have happened.
    if running.target.sanitize:
        raise AssertionError("nothing was ever kept")
    pytest.skip("this machine is too busy for any app to be quick")


def quick(n, count=30):
    return [f"/quick/{n}-{i}" for i in range(count)]


def gets(*paths):
    return [request("GET", path) for path in paths]


def texts(wires):
    return [wire.read().text for wire in wires]


def no_request_is_left(running):
    wait_for("requests to end", lambda: running.status()["requests_in_flight"] == [], 10)


def test_everybody_has_their_own_answer(running):
    body = b"x" * 3000

    def then(wires, n):
        mixed = [
            request("HEAD", "/quick/b"),
            request("GET", "/empty"),
            request("GET", "/raise"),
            request("POST", "/echo", body=body),
            request("GET", "/quick/c") + request("GET", "/quick/d"),
            request("GET", "/quick/e", {"Connection": "close"}),
            b"GARBAGE\r\n\r\n",
            request("GET", "/raise_after"),
            request("GET", "/quick/f"),
        ]
        burst(running, wires[:39], [*gets(*quick(n)), *mixed])
        assert texts(wires[:30]) == quick(n)
        head, empty, raised, echo, two, last, garbage, after, f = wires[30:39]
        assert head.read("HEAD").status == 200
        assert empty.read().status == 204
        assert raised.read().status == 500
        assert echo.read().body == body
        assert texts([two, two]) == ["/quick/c", "/quick/d"]
        assert last.read().text == "/quick/e"
        assert last.read_all() == b""
        assert garbage.read().status == 400
        assert after.read().text == "/raise_after"
        assert f.read().text == "/quick/f"
        assert head.send(request("GET", "/quick/g")).read().text == "/quick/g"

    each_wave(running, then)
    no_request_is_left(running)


@pytest.mark.parametrize("path", ["/sleep", "/closing"])
def test_a_slow_request_holds_nobody_up(running, path):
    """/sleep: before its answer, /closing: after it, which then is there at once, too."""
    patience = running.target.patience

    def then(wires, n):
        begin = time.monotonic()
        burst(running, wires[:31], gets(*quick(n), f"{path}?{3 * patience}"))
        assert texts(wires[:30]) == quick(n)
        if path == "/closing":
            assert wires[30].read().text == path
        assert time.monotonic() - begin < patience
        if path == "/sleep":
            assert wires[30].read().text == path

    each_wave(running, then)


def test_a_slow_answer_does_not_wait_for_the_next(running):
    seconds = 0.5 * running.target.patience

    def then(wires, n):
        begin = time.monotonic()
        burst(running, wires[:32], gets(*quick(n), f"/block?{seconds}", f"/block?{seconds}"))
        assert texts(wires[:31]) == [*quick(n), "/block"]
        assert time.monotonic() - begin < 1.8 * seconds
        assert wires[31].read().text == "/block"

    each_wave(running, then)


def test_a_client_that_leaves_takes_nothing_with_it(running):
    """Under ASGI answers are still kept while the app blocks, and then their clients are gone."""

    def then(wires, n):
        burst(running, wires[:35], gets(*quick(n, 34), "/block?0.3"))
        time.sleep(0.1)
        for wire in wires[30:34]:
            wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            wire.close()
        assert texts(wires[:30]) == quick(n)
        assert wires[34].read().text == "/block"

    each_wave(running, then)
    no_request_is_left(running)


def test_each_request_is_recorded_once(running):
    def then(wires, n):
        burst(running, wires, gets(*quick(n, 50)))
        assert texts(wires) == quick(n, 50)
        running.wait_access(f"/quick/{n}-", 50)
        found = lines(running, f"/quick/{n}-")
        assert sorted(line["path"] for line in found) == sorted(quick(n, 50))
        for line in found:
            parts = ("head_ms", "body_ms", "queue_ms", "app_ms", "write_ms")
            total = sum(line.get(part, 0) for part in parts)
            assert total == pytest.approx(line["total_ms"], abs=0.005)

    each_wave(running, then)
