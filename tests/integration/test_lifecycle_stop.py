"""Stop: requests are finished, what cannot be finished is named, nothing is left."""

from __future__ import annotations

import re
import socket
import threading
import time
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGQUIT, SIGTERM, Signals
from typing import Any

import pytest

from support import processes
from support.wire import request

APP, ASGI = "lifecycle:app", "lifecycle_asgi:app"
# Told by the worker, which gives up its own requests, or by the supervisor, which kills.
RUNNING = re.compile(r"still running [^:]*: GET /sleep/60, (?:for )?(\d+\.\d+) s")


def ask(running: Any, path: str) -> Any:
    """Sends a request on a connection of its own and returns it once the server works on it."""
    wire = running.connect(timeout=30)
    wire.send(request("GET", path))
    running.wait_in_flight()
    return wire


@pytest.mark.parametrize("app", [APP, ASGI])
@pytest.mark.parametrize("number", [SIGTERM, SIGINT, SIGQUIT])
def test_requests_in_flight_are_finished(server: Any, app: str, number: Signals) -> None:
    running = server(app, {"server": {"workers": 2, "env": {"TELL": "1"}}})
    workers = running.workers()
    with ask(running, "/sleep/1") as wire:
        running.signal(number)
        assert int(wire.read().text) in workers
    assert running.wait() == 0
    assert running.log.count("atexit in") == 2
    assert "killed" not in running.log
    assert running.processes() == []


def test_lifespan_shutdown_runs_before_atexit(server: Any) -> None:
    running = server(ASGI, {"server": {"env": {"TELL": "1", "LIFESPAN_SECONDS": "0.5"}}})
    [worker] = running.workers()
    with ask(running, "/sleep/1") as wire:
        running.signal(SIGTERM)
        assert wire.read().status == 200
    assert running.wait() == 0
    words = [line for line in running.log.splitlines() if line.endswith(f" in {worker}")]
    assert words == [
        f"{word} in {worker}"
        for word in ("imported", "lifespan.startup", "lifespan.shutdown", "atexit")
    ]


def test_new_connections_are_refused_while_stopping(server: Any) -> None:
    running = server(APP)
    with ask(running, "/sleep/2") as wire:
        running.signal(SIGTERM)
        with pytest.raises(OSError):
            end = time.monotonic() + 1.5
            while time.monotonic() < end:
                socket.create_connection(running.address, 1).close()
                time.sleep(0.02)
        assert wire.read().status == 200
    assert running.wait() == 0


def test_an_idle_connection_does_not_hold_it_up(server: Any) -> None:
    running = server(APP)
    with running.connect() as wire:
        wire.send(request("GET", "/"))
        assert wire.read().status == 200
        start = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - start < 3 * running.target.patience
        assert wire.is_closed()


@pytest.mark.parametrize("app", [APP, ASGI])
def test_what_outlives_graceful_timeout_is_named(server: Any, app: str) -> None:
    running = server(app, {"server": {"graceful_timeout": "1s"}})
    with ask(running, "/sleep/60"):
        start = time.monotonic()
        running.signal(SIGTERM)
        assert running.wait() == 0
    assert time.monotonic() - start > 0.9
    assert float(RUNNING.findall(running.log)[0]) > 1.0
    assert "graceful_timeout" in running.log


@pytest.mark.parametrize("app", [APP, ASGI])
def test_requests_have_their_graceful_timeout_once(server: Any, app: str) -> None:
    running = server(app, {"server": {"graceful_timeout": "4s"}})
    with ask(running, "/sleep/60"):
        running.signal(SIGTERM)
        running.wait_log("still running after graceful_timeout")
        start = time.monotonic()
        assert running.wait() == 0
    assert time.monotonic() - start < 3 * running.target.patience


def test_a_second_signal_stops_at_once(server: Any) -> None:
    running = server(APP)
    with ask(running, "/sleep/60"):
        running.signal(SIGTERM)
        running.wait_log("told to stop")
        start = time.monotonic()
        running.signal(SIGTERM)
        assert running.wait() == 0
    assert time.monotonic() - start < 5 * running.target.patience
    assert RUNNING.search(running.log)


def test_an_exit_that_hangs_is_cut_short(server: Any) -> None:
    code = """
import threading, time
threading.Thread(target=time.sleep, args=(600,)).start()  # not a daemon: the exit waits for it
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""
    running = server(code=code)
    assert running.get("/").text == "ok"
    running.signal(SIGTERM)
    assert running.wait(30) == 0
    assert "did not exit within 10 s of its last request" in running.log


def test_a_killed_supervisor_leaves_nobody_behind(server: Any) -> None:
    running = server(APP, {"server": {"workers": 2, "env": {"TELL": "1"}}})
    with ask(running, "/sleep/1") as wire:
        running.signal(SIGKILL)
        assert wire.read().status == 200
    processes.wait_for(
        "the end of all its processes",
        lambda: not running.processes(),
        15 * running.target.patience,
    )
    assert running.log.count("atexit in") == 2


def test_stop_under_load_cuts_no_answer(server: Any) -> None:
    running = server(APP, {"server": {"workers": 2}})
    cut: list[str] = []

    def client() -> None:
        while True:
            try:
                wire = running.connect()
            except OSError:
                return
            with wire:
                try:
                    wire.send(request("GET", "/"))
                    got = wire.read_all()
                except OSError:
                    continue  # never accepted: the socket closed before
            if got and b"\r\n\r\n" not in got:
                cut.append(repr(got))

    threads = [threading.Thread(target=client) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    assert running.stop() == 0
    for thread in threads:
        thread.join()
    assert cut == []


def test_the_unix_socket_goes_with_the_server(server: Any, scratch: Path) -> None:
    path = scratch / "socket"
    running = server(APP, {"server": {"bind": [f"unix:{path}"]}})
    running.address = str(path)
    assert running.get("/").status == 200
    assert running.stop() == 0
    assert not path.exists()
