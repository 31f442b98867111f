"""Deaths: every process is killed in turn under load, and the others go on."""

from __future__ import annotations

import re
from pathlib import Path
from signal import SIGKILL, SIGSEGV, SIGTERM
from typing import Any

import pytest

from support import processes
from support.load import Load
from support.wire import request

APP = "lifecycle:app"
THREADS = 4


def test_a_killed_worker_is_replaced(server: Any) -> None:
    running = server(APP, {"server": {"workers": 2}})
    with Load(running.address, THREADS) as load:
        load.wait_for_more(100)
        killed = running.kill_worker()
        load.wait_for_more(100)
        running.kill_worker()
        load.wait_for_more(100)
    # Only connections that the dead workers held may have noticed.
    assert len(load.errors) <= 2 * THREADS
    assert re.search(rf"worker \d \(pid {killed}\) died after .* \(SIGKILL", running.log)
    assert len(running.workers()) == 2
    assert running.stop() == 0


def test_requests_that_die_with_a_worker_are_named(server: Any) -> None:
    running = server(APP, {"server": {"threads": 3}})
    wires = [running.connect() for _ in range(2)]
    for number, wire in enumerate(wires):
        wire.send(request("GET", f"/sleep/6{number}?secret=1"))
    running.wait_in_flight(2)
    running.kill_worker()
    for number, wire in enumerate(wires):
        assert wire.is_closed()
        wire.close()
        assert re.search(
            rf"lost with worker 0: GET /sleep/6{number}, \d\.\d+ s in flight, trace [0-9a-f]{{32}}",
            running.log,
        )
    assert "secret" not in running.log
    assert running.get("/").status == 200


def test_requests_that_die_with_a_worker_are_spans(server: Any, receiver: Any) -> None:
    running = server(APP, receiver=receiver)
    with running.connect() as wire:
        wire.send(request("GET", "/sleep/60"))
        running.wait_in_flight()
        running.kill_worker()
        [span] = running.spans(1)
    assert span.attributes["error.type"] == "worker_killed"
    assert span.attributes["url.path"] == "/sleep/60"


def test_a_crash_is_told_with_its_signal(server: Any) -> None:
    running = server(APP)
    # SIGTERM is no crash: the worker drains, and is replaced.
    running.kill_worker(SIGTERM)
    running.wait_log("draining (SIGTERM)")
    assert " s (SIG" not in running.wait_log("(exit 0)")
    running.kill_worker(SIGSEGV if not running.target.sanitize else SIGKILL)
    running.wait_log(" s (SIG")


def test_a_killed_template_costs_nothing(server: Any) -> None:
    running = server(APP, {"server": {"workers": 2}})
    before = sorted(running.workers())
    [template] = running.templates()
    with Load(running.address, THREADS) as load:
        load.wait_for_more(100)
        running.signal(SIGKILL, template)
        running.wait_log("template died (SIGKILL)")
        load.wait_for_more(100)
        assert sorted(running.workers()) == before
        # The orphans are looked after, and the new template takes their place one by one.
        running.kill_worker()
        load.wait_for_more(100)
    assert len(load.errors) <= THREADS
    [successor] = running.templates()
    assert successor != template
    assert len(set(before) & set(running.workers())) == 1
    assert running.stop() == 0
    assert running.processes() == []


def test_template_and_workers_killed_together(server: Any) -> None:
    running = server(APP, {"server": {"workers": 2}})
    doomed = running.templates() + running.workers()
    for pid in doomed:
        running.signal(SIGKILL, pid)
    processes.wait_for(
        "new ones",
        lambda: len(running.workers()) == 2 and not set(doomed) & set(running.workers()),
        30 * running.target.patience,
    )
    assert running.get("/").status == 200
    assert running.stop() == 0


def test_a_killed_observer_costs_nothing(server: Any) -> None:
    running = server(APP, {"server": {"workers": 2}})
    before = sorted(running.workers())
    observer = processes.wait_for("the observer", running.observer, 10)
    with Load(running.address, THREADS) as load:
        load.wait_for_more(100)
        running.signal(SIGKILL, observer)
        running.wait_log("observer died (SIGKILL)")
        load.wait_for_more(100)
    assert load.errors == []
    assert sorted(running.workers()) == before
    processes.wait_for("a new observer", lambda: (running.observer() or observer) != observer, 15)


@pytest.mark.parametrize("preload", [False, True])
def test_a_worker_that_keeps_dying_is_tried_ever_more_rarely(
    server: Any, scratch: Path, preload: bool
) -> None:
    flag = scratch / "broken"
    code = f"""
import os
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
class App:
    def __call__(self, environ, start_response):
        return app(environ, start_response)
pid = os.getpid()
os.register_at_fork(after_in_child=lambda: os.path.exists({str(flag)!r}) and os._exit(7))
"""
    code = (
        code
        if preload
        else f"""
import os
if os.path.exists({str(flag)!r}):
    os._exit(7)
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""
    )
    running = server(code=code, config={"server": {"preload": preload}})
    flag.touch()
    running.signal(SIGKILL, running.workers()[0])
    log = running.wait_log("next try in 0.4 s", timeout=15)
    assert re.search(r"worker 0 died 4 times in \d\.\d s \(exit 7\); next try in 0\.4 s", log)
    flag.unlink()
    assert running.get("/", timeout=15).text == "ok"
    assert running.stop() == 0


def test_broken_code_after_the_start_is_no_reason_to_stop(server: Any, scratch: Path) -> None:
    flag = scratch / "broken"
    running = server(APP, {"server": {"env": {"BROKEN": str(flag)}}})
    flag.touch()
    running.signal(SIGKILL, running.workers()[0])
    running.wait_log("next try in 0.2 s", timeout=15)
    # The same traceback once, however often it happens.
    assert running.log.count("Traceback") == 1
    flag.unlink()
    assert running.get("/", timeout=15).status == 200


def test_a_worker_told_to_leave_by_hand_is_replaced(server: Any) -> None:
    running = server(APP, {"server": {"workers": 2, "env": {"TELL": "1"}}})
    with Load(running.address, THREADS) as load:
        load.wait_for_more(50)
        left = running.kill_worker(SIGTERM)
        load.wait_for_more(50)
    assert load.errors == []
    assert f"atexit in {left}" in running.log
