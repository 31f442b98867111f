"""/metrics and /status about the life of workers: why they ended, and what became of reloads."""

from __future__ import annotations

from pathlib import Path
from signal import SIGKILL, SIGTERM, SIGTTIN, SIGTTOU
from typing import Any

import pytest

from support.load import Load
from support.processes import wait_for
from support.samples import parse, total

APP = "lifecycle:app"
ENDS = "pellucid_worker_ends_total"


def wait_ends(running: Any, count: int, reason: str, **labels: str) -> None:
    """Waits until that many workers, or more, have ended for that reason."""

    def agree() -> bool:
        samples = parse(running.metrics())
        found = [
            value
            for (name, pairs), value in samples.items()
            if name == ENDS and ({("reason", reason)} | set(labels.items())) <= set(pairs)
        ]
        return sum(found) >= count

    wait_for(f"{count} ends by {reason}", agree, 20 * running.target.patience)


def ends(running: Any) -> float:
    """Ends of workers, for whatever reason."""
    return total(parse(running.metrics()), ENDS)


def test_signals_that_kill_are_told_apart(server: Any) -> None:
    running = server(APP)
    running.kill_worker(SIGKILL)
    wait_ends(running, 1, "signal", signal="SIGKILL")
    running.kill_worker(SIGKILL)
    wait_ends(running, 2, "signal", signal="SIGKILL")
    running.get("/")  # the third is ready
    running.kill_worker(SIGTERM)  # it takes the word for its leave
    wait_ends(running, 1, "exit")
    assert ends(running) == 3
    assert running.status()["supervisor"]["worker_ends"] == {"exit": 1, "signal": 2}


def test_recycled_workers(server: Any) -> None:
    running = server(APP, {"recycle": {"max_requests": 20}})
    with Load(running.address, threads=2) as load:
        running.wait_log("is recycled (max_requests)", count=2)
        wait_ends(running, 1, "max_requests")
        load.wait_for_more(1)
    assert load.errors == []
    status = running.status()["supervisor"]
    assert set(status["worker_ends"]) == {"max_requests"}
    assert status["worker_crashes"] == 0


def test_workers_that_live_their_time(server: Any) -> None:
    running = server(APP, {"recycle": {"max_lifetime": "300ms"}})
    running.wait_log("is recycled (max_lifetime)")
    wait_for(
        "its end",
        lambda: running.status()["supervisor"]["worker_ends"].get("max_lifetime"),
        20 * running.target.patience,
    )


def test_reloads_and_fewer_workers(server: Any, scratch: Path) -> None:
    flag = scratch / "broken"
    running = server(APP, {"server": {"env": {"BROKEN": str(flag)}}})
    running.reload()
    wait_ends(running, 1, "reload")
    flag.touch()
    running.reload()
    wait_for(
        "the failed reload",
        lambda: total(parse(running.metrics()), "pellucid_reloads_failed_total") == 1,
        20 * running.target.patience,
    )
    wait_ends(running, 1, "start_failed")
    flag.unlink()
    running.signal(SIGTTIN)
    wait_for("two workers", lambda: len(running.workers()) == 2, 20 * running.target.patience)
    running.signal(SIGTTOU)
    wait_ends(running, 1, "fewer_workers")
    samples = parse(running.metrics())
    assert total(samples, "pellucid_reloads_total") == 1
    assert total(samples, "pellucid_generation") == 2
    assert total(samples, "pellucid_workers_wanted") == 1
    assert total(samples, ENDS) == 3


def test_workers_that_are_killed_by_us(server: Any) -> None:
    running = server(APP, {"server": {"graceful_timeout": "200ms", "threads": 2}})
    with running.connect() as wire:
        wire.send(b"GET /sleep/60 HTTP/1.1\r\nHost: a\r\n\r\n")
        running.wait_in_flight()
        running.reload()
        wait_ends(running, 1, "graceful_timeout")


def test_counts_outlive_the_observer(server: Any) -> None:
    running = server(APP)
    running.kill_worker()
    wait_ends(running, 1, "signal")
    running.kill_observer()
    wait_ends(running, 1, "signal", signal="SIGKILL")


# --- what a worker tells of itself ---

BUSY = """
import gc
import time

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/collect":
        gc.collect()
    if path == "/sleep":
        time.sleep(0.2)
    if path == "/hang":
        while not environ["wsgi.input"].read(1):
            time.sleep(0.01)
        time.sleep(60)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""

ASGI = """
import gc
import time

async def app(scope, receive, send):
    if scope["path"] == "/block":
        time.sleep(0.4)
    if scope["path"] == "/collect":
        gc.collect()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})
"""


def vitals(running: Any, worker: int = 0) -> dict[str, Any]:
    """What /status says of a worker."""
    [found] = [w["vitals"] for w in running.status()["workers"] if w["id"] == worker]
    return found


def wait_connections(running: Any, **states: int) -> None:
    """Waits until the worker's connections are in these states, and in no other."""

    def agree() -> bool:
        found = vitals(running)["pellucid.connection.count"]
        return {state: n for state, n in found.items() if n} == states

    wait_for(f"connections {states}", agree, 10 * running.target.patience)


def test_connections_by_state(server: Any) -> None:
    running = server(code=BUSY, config={"server": {"threads": 4}})
    wires = [running.connect() for _ in range(4)]
    wait_connections(running, idle=4)
    wires[0].send(b"GET / HTTP/1.1\r\nHost: a\r\n")
    wires[1].send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").read()
    wires[2].send(b"POST /hang HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na")
    wait_connections(running, idle=1, head=1, app=1)
    assert vitals(running)["pellucid.threads.busy"] == 1
    assert vitals(running)["pellucid.threads"] == 4
    samples = parse(running.metrics())
    assert total(samples, "pellucid_connection", state="app") == 1
    assert total(samples, "pellucid_connection") == 3
    assert total(samples, "pellucid_threads_busy", pellucid_worker_id="0") == 1
    wires[0].send(b"\r\n").read()
    wait_connections(running, idle=2, app=1)
    wires[0].close()
    wait_connections(running, idle=1, app=1)
    running.kill_worker()
    wait_connections(running)


def test_connections_of_apps_that_block(server: Any) -> None:
    running = server(code=BUSY, config={"server": {"threads": 4}})
    wires = [running.connect() for _ in range(8)]
    for _ in range(3):
        for wire in wires:
            wire.send(b"GET /sleep HTTP/1.1\r\nHost: a\r\n\r\n")
        for wire in wires:
            wire.read()
    wait_connections(running, idle=8)
    assert vitals(running)["pellucid.threads.busy"] == 0
    for wire in wires:
        wire.close()
    wait_connections(running)


def test_connections_of_an_asgi_worker(server: Any) -> None:
    running = server(code=ASGI)
    with running.connect() as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").read()
        wait_connections(running, idle=1)
        wire.send(b"GET / HTTP/1.1\r\n")
        wait_connections(running, head=1)
    wait_connections(running)
    assert vitals(running)["pellucid.threads"] == 0


@pytest.mark.parametrize("code", [BUSY, ASGI], ids=["wsgi", "asgi"])
def test_garbage_collections(server: Any, code: str) -> None:
    running = server(code=code)
    name = "cpython_gc_collections_total"

    def collections() -> float:
        running.get("/collect")
        samples = parse(running.metrics())
        assert total(samples, "cpython_gc_uncollectable_objects_total") == 0
        return total(samples, name, cpython_gc_generation="2")

    wait_for("collections", lambda: collections() >= 2, 20 * running.target.patience)
    before = collections()
    running.kill_worker()
    assert collections() >= before


def test_collections_are_told_at_the_end(server: Any) -> None:
    running = server(code=BUSY)
    running.get("/")  # looked at with the first request, and not again within a second
    for _ in range(5):
        running.get("/collect")
    running.reload()
    wait_ends(running, 1, "reload")
    samples = parse(running.metrics())
    assert total(samples, "cpython_gc_collections_total", cpython_gc_generation="2") >= 5


def test_lag_of_a_blocked_loop(server: Any) -> None:
    running = server(code=ASGI)
    name = "pellucid_loop_lag_seconds"

    def has_lag() -> bool:
        running.get("/block")
        samples = parse(running.metrics())
        long = total(samples, name + "_count") - total(samples, name + "_bucket", le="0.25")
        return long >= 2

    wait_for("lag", has_lag, 20 * running.target.patience)
    assert total(parse(running.metrics()), name + "_sum") > 0.5


def test_a_quick_loop_has_little_lag(server: Any) -> None:
    running = server(code=ASGI)
    name = "pellucid_loop_lag_seconds"

    def samples_after_a_request() -> Any:
        running.get("/")
        samples = parse(running.metrics())
        return samples if total(samples, name + "_count") >= 5 else None

    samples = wait_for("samples", samples_after_a_request, 30 * running.target.patience)
    assert total(samples, name + "_bucket", le="0.1") >= 4
