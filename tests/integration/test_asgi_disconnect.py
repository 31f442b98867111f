"""Clients that leave, and what their apps are told: the rule of src/gateway/asgi_exchange.h."""

from __future__ import annotations

import json
import socket
import struct
import time

import pytest

from support.processes import wait_for
from support.wire import request


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def module_served(request, module_worker):
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    return module_worker("asgi_plain.tasks:app", {"server": {"loop": request.param}})


@pytest.fixture
def served(module_served):
    module_served.get("/forget")
    return module_served


def events(served) -> list[str]:
    return json.loads(served.get("/events").body)


def wait_event(served, event: str, timeout: float = 8) -> list[str]:
    wait_for(f"event {event!r}", lambda: event in events(served), timeout * served.target.patience)
    return events(served)


def reset(wire) -> None:
    """Closes with RST."""
    wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.close()


def leave(served, path: str, how=lambda wire: wire.close(), wait: bytes = b"") -> None:
    wire = served.connect()
    wire.send(request("GET", path))
    if wait:
        wire.read_until(wait)
    else:
        wait_event(served, f"{path[1:]} begun")
    how(wire)


@pytest.mark.parametrize("how", [lambda wire: wire.close(), reset], ids=["close", "reset"])
def test_silent_app_is_cancelled(served, how):
    leave(served, "/silent", how)
    wait_event(served, "silent cancelled")


SLEEPER = """
import asyncio

async def app(scope, receive, send):
    assert scope["type"] == "http"
    await asyncio.sleep(60)
"""


def test_a_client_that_leaves_makes_no_5xx(server):
    running = server(code=SLEEPER)
    for how in (lambda wire: wire.close(), reset, lambda wire: wire.end()):
        wire = running.connect()
        wire.send(request("GET", "/"))
        running.wait_in_flight()
        how(wire)
        running.wait_recorded()
    (route,) = running.status()["routes"]
    assert route["total"]["responses"] == {"none": 3}
    assert running.status()["totals"]["pellucid.disconnects"] == 3
    assert "http_response_status_code" not in running.metrics()


def test_stream_that_waits_is_cancelled_at_once(served):
    leave(served, "/waiting-stream", reset, b"\r\n\r\n")
    begun = time.monotonic()
    wait_event(served, "waiting-stream cancelled")
    assert time.monotonic() - begun < 0.9 * served.target.patience


def test_stream_that_waits_is_cancelled_soon(served):
    leave(served, "/waiting-stream", lambda wire: wire.close(), b"\r\n\r\n")
    wait_event(served, "waiting-stream cancelled")


@pytest.mark.parametrize("how", [lambda wire: wire.close(), reset], ids=["close", "reset"])
def test_stream_in_back_pressure_gets_an_oserror(served, how):
    leave(served, "/endless", how, b"\r\n\r\n")
    wait_event(served, "endless ClientDisconnected True")


def test_stream_that_sends_ends(served):
    leave(served, "/ticking", reset, b"\r\n\r\n")
    assert wait_event(served, "ticking begun")
    wait_for(
        "the end of the stream",
        lambda: {"ticking cancelled", "ticking ClientDisconnected True"} & {*events(served)},
        5,
    )


def test_listening_app_is_told_and_left_alone(served):
    leave(served, "/listening", wait=b"\r\n\r\n")
    assert wait_event(served, "listening returned")[-1] == "listening returned"


def test_app_that_was_told_cannot_send(served):
    leave(served, "/told-then-sends", lambda wire: wire.close())
    wait_event(served, "told-then-sends ClientDisconnected True")


def test_upload_that_breaks_off(served):
    with served.connect() as wire:
        wire.send(request("POST", "/uploads", {"Content-Length": "100"}) + b"12345")
        wait_event(served, "uploads begun")
    events_ = wait_event(served, "uploads returned")
    assert "uploads disconnect after 5" in events_


def test_work_without_an_answer_is_finished(served):
    leave(served, "/finishes")
    assert "finishes cancelled" not in wait_event(served, "finishes worked")


def test_half_closed_client_gets_its_answer(served):
    with served.connect() as wire:
        assert wire.send(request("GET", "/finishes")).end().read().body == b'"done"'


def test_half_closed_client_gets_its_stream(served):
    with served.connect() as wire:
        answer = wire.send(request("GET", "/counting")).end().read()
    assert answer.body == b"0123456789"
    assert "counting returned" in wait_event(served, "counting returned")


def test_background_work_is_not_cancelled(served):
    leave(served, "/background", wait=b'"fine"')
    wait_event(served, "background returned")


def test_none_of_it_is_logged_as_an_error(served):
    assert "Traceback" not in served.log and "never retrieved" not in served.log


def test_many_leave_at_once(served):
    wires = [served.connect() for _ in range(200)]
    for wire in wires:
        wire.send(request("GET", "/waiting-stream"))
    for wire in wires:
        wire.read_until(b"\r\n\r\n")
    for i, wire in enumerate(wires):
        reset(wire) if i % 2 else wire.close()
    wait_for(
        "all of them cancelled", lambda: events(served).count("waiting-stream cancelled") == 200, 10
    )


def test_app_that_ignores_cancellation_does_not_keep_the_worker(worker):
    running = worker("asgi_plain.tasks:app", {"server": {"graceful_timeout": "1s"}})
    with running.connect() as wire:
        wire.send(request("GET", "/stubborn"))
        wait_event(running, "stubborn begun")
    wait_event(running, "stubborn goes on")
    assert running.stop(timeout=12) == 0


def test_client_that_resets_while_its_request_is_queued(worker, tmp_path):
    """The app is called all the same, and answers at once (ASan watches the connection)."""
    code = f"""
import pathlib
import time

def wait(name):
    while not (pathlib.Path({str(tmp_path)!r}) / name).exists():
        time.sleep(0.01)

async def app(scope, receive, send):
    assert scope["type"] == "http"
    name = scope["path"][1:]
    (pathlib.Path({str(tmp_path)!r}) / (name + "-begun")).touch()
    if name in ("blocker", "first"):
        wait(name)
    await send({{"type": "http.response.start", "status": 204}})
    await send({{"type": "http.response.body"}})
"""
    running = worker(code=code)
    blocker, first, *between, queued = [running.connect() for _ in range(6)]
    blocker.send(request("GET", "/blocker"))
    wait_for("the blocker", (tmp_path / "blocker-begun").exists, 10)
    first.send(request("GET", "/first"))
    for wire in between:  # a turn looks at the clock after four requests
        wire.send(request("GET", "/between"))
    queued.send(request("GET", "/queued"))
    (tmp_path / "blocker").touch()
    wait_for("the first", (tmp_path / "first-begun").exists, 10)
    reset(queued)
    (tmp_path / "first").touch()
    wait_for("the one that was queued", (tmp_path / "queued-begun").exists, 10)
    for wire in (blocker, first, *between):
        assert wire.read().status == 204
        wire.close()
    assert running.get("/queued").status == 204
