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

from support.wire import request

KINDS = {
    "wsgi-1": {"app": "waves:wsgi", "threads": 1},
    "wsgi-4": {"app": "waves:wsgi", "threads": 4},
    "asgi": {"app": "waves:asgi", "loop": "asyncio"},
    "uvloop": {"app": "waves:asgi", "loop": "uvloop"},
}
QUICK = [f"/quick/{n}" for n in range(20)]
# How often the machine may be in a mood in which no app is quick.
TRIES = 50


@pytest.fixture(params=KINDS)
def running(server, request):
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    return server(config={"server": KINDS[request.param], "http": {"access_log_format": "json"}})


class Burst:
    """Clients whose requests arrive while the worker stands still, one after the other."""

    def __init__(self, running, wires):
        self.running = running
        self.wires = wires

    def send(self, *requests):
        (worker,) = self.running.workers()
        self.running.signal(SIGSTOP, worker)
        for wire, data in zip(self.wires, requests, strict=False):
            wire.send(data)
        self.running.signal(SIGCONT, worker)


@pytest.fixture
def burst(running):
    with ExitStack() as stack:
        yield Burst(running, [stack.enter_context(running.connect()) for _ in range(24)])


def warm_up(running):
    """Quick requests, until the app is trusted to be quick."""
    with running.connect() as wire:
        wire.send(request("GET", "/quick/warm") * 100)
        for _ in range(100):
            assert wire.read().text == "/quick/warm"


def lines(running):
    return [json.loads(line) for line in running.access_log.splitlines() if line.endswith("}")]


def kept(running):
    """How many answers have waited for others. One that has not leaves within its app's time, or
    right after it."""
    return sum(line.get("write_ms", 0) > 0.02 for line in lines(running))


def until_kept(running, burst):
    """Bursts of quick requests, until some were kept."""
    for n in range(TRIES):
        warm_up(running)
        burst.send(*(request("GET", path) for path in QUICK))
        assert [wire.read().text for wire in burst.wires[: len(QUICK)]] == QUICK
        running.wait_access("/quick/19", n + 1)
        if kept(running) > 5:
            return
    raise AssertionError("nothing was ever kept")


def test_everybody_has_their_own_answer(running, burst):
    until_kept(running, burst)
    body = b"x" * 3000
    mixed = [
        request("GET", "/quick/a"),
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
    for _ in range(5):
        warm_up(running)
        wires = [running.connect() for _ in mixed]
        Burst(running, wires).send(*mixed)
        a, b, empty, raised, echo, cd, e, garbage, after, f = wires
        assert a.read().text == "/quick/a"
        assert b.read("HEAD").status == 200
        assert empty.read().status == 204
        assert raised.read().status == 500
        assert echo.read().body == body
        assert [cd.read().text, cd.read().text] == ["/quick/c", "/quick/d"]
        assert e.read().text == "/quick/e"
        assert e.read_all() == b""
        assert garbage.read().status == 400
        assert after.read().text == "/raise_after"
        assert f.read().text == "/quick/f"
        assert b.send(request("GET", "/quick/g")).read().text == "/quick/g"
        for wire in wires:
            wire.close()
    assert running.status()["requests_in_flight"] == []


def test_a_slow_request_holds_nobody_up_for_long(running, burst):
    until_kept(running, burst)
    warm_up(running)
    begin = time.monotonic()
    burst.send(*(request("GET", path) for path in [*QUICK, "/sleep"]))
    assert [wire.read().text for wire in burst.wires[: len(QUICK)]] == QUICK
    assert time.monotonic() - begin < 0.5 * running.target.patience
    assert burst.wires[len(QUICK)].read().text == "/sleep"


def test_an_answer_does_not_wait_for_what_comes_after_it(running, burst):
    until_kept(running, burst)
    warm_up(running)
    begin = time.monotonic()
    burst.send(*(request("GET", path) for path in [*QUICK, "/closing"]))
    assert [wire.read().text for wire in burst.wires[: len(QUICK)]] == QUICK
    assert burst.wires[len(QUICK)].read().text == "/closing"
    assert time.monotonic() - begin < 0.5 * running.target.patience


def test_a_client_that_is_gone_takes_nothing_with_it(running, burst):
    until_kept(running, burst)
    for _ in range(5):
        warm_up(running)
        gone = [running.connect() for _ in range(4)]
        (worker,) = running.workers()
        running.signal(SIGSTOP, worker)
        for n, wire in enumerate(burst.wires[:12]):
            wire.send(request("GET", QUICK[n]))
            if n % 3 == 0:
                leaving = gone[n // 3]
                leaving.send(request("GET", "/quick/gone"))
                leaving.sock.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                leaving.close()
        running.signal(SIGCONT, worker)
        assert [wire.read().text for wire in burst.wires[:12]] == QUICK[:12]
    assert running.status()["requests_in_flight"] == []


def test_each_request_is_recorded_once(running, burst):
    until_kept(running, burst)
    before = running.access_log.count("/quick/x")
    warm_up(running)
    burst.send(*(request("GET", f"/quick/x{n}") for n in range(20)))
    for n in range(20):
        assert burst.wires[n].read().text == f"/quick/x{n}"
    running.wait_access("/quick/x", before + 20)
    found = [line for line in lines(running) if line["path"].startswith("/quick/x")]
    assert sorted(line["path"] for line in found) == sorted(f"/quick/x{n}" for n in range(20))
    for line in found:
        parts = ("head_ms", "body_ms", "queue_ms", "app_ms", "write_ms")
        assert sum(line.get(part, 0) for part in parts) == pytest.approx(
            line["total_ms"], abs=0.005
        )
