"""Recycling: workers are replaced in good time, one at a time, and no client notices."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest

from support import processes
from support.load import Load

APP = "lifecycle:app"
REQUESTS = int(os.environ.get("PELLUCID_RECYCLE_REQUESTS", "20000"))
RECYCLED = re.compile(r"worker \d+ \(pid (\d+)\) is recycled \((\w+)\); worker \d+ \(pid (\d+)\)")


@pytest.mark.parametrize("preload", [False, True])
@pytest.mark.parametrize("app", [APP, "lifecycle_asgi:app"])
def test_max_requests_loses_no_request(server: Any, app: str, preload: bool) -> None:
    running = server(
        app,
        {
            "server": {"workers": 2, "preload": preload},
            "recycle": {"max_requests": 500, "max_requests_jitter": 50},
            "http": {"access_log": "off"},
        },
    )
    wanted = REQUESTS if not running.target.sanitize else 3_000
    with Load(running.address, threads=8) as load:
        load.wait_for_more(wanted, timeout=120 * running.target.patience)
        running.wait_log("is recycled", count=wanted // 1000, timeout=60)
    assert load.errors == []
    assert load.closes == 0  # idle connections change hands instead
    recycled = RECYCLED.findall(running.log)
    assert {reason for _, reason, _ in recycled} == {"max_requests"}
    assert "died" not in running.log
    assert len(load.answers) >= len(recycled)
    # A worker asks at its limit and goes on until its successor serves; then it does end.
    processes.wait_for("two workers", lambda: len(running.workers()) == 2, 15)
    assert running.stop() == 0


def test_only_one_worker_at_a_time(server: Any) -> None:
    running = server(
        APP,
        {
            "server": {"workers": 3, "env": {"IMPORT_SECONDS": "0.3"}},
            "recycle": {"max_requests": 50},
            "log": {"level": "debug"},
        },
    )
    with Load(running.address, threads=6) as load:
        running.wait_log("is recycled", count=4, timeout=60)
    assert load.errors == []
    old = ""
    for line in running.log.splitlines():
        if found := RECYCLED.search(line):
            assert old == "", "two at a time"
            old = found[1]
        elif old and f"(pid {old}) ended" in line:
            old = ""


def test_max_lifetime(server: Any) -> None:
    running = server(APP, {"recycle": {"max_lifetime": "500ms"}})
    [first] = running.workers()
    with Load(running.address, threads=2) as load:
        running.wait_log("is recycled (max_lifetime)", count=2, timeout=20)
        load.wait_for_more(20)
        processes.wait_for("the end of the old", lambda: first not in running.workers(), 20)
    assert load.errors == []


def test_routes_that_do_not_count(server: Any) -> None:
    running = server(
        APP,
        {"recycle": {"max_requests": 20}, "route": [{"match": "/", "recycle": False}]},
    )
    with Load(running.address, threads=1) as load:
        load.wait_for_more(100)
    assert "recycled" not in running.log
    with Load(running.address, threads=1, path="/env/X") as load:
        load.wait_for_more(21)
        running.wait_log("is recycled")
    assert load.errors == []


def test_a_request_in_flight_is_finished_by_the_old_worker(server: Any) -> None:
    running = server(APP, {"recycle": {"max_requests": 20}})
    [first] = running.workers()
    with running.connect(30) as wire:
        wire.send(b"GET /sleep/2 HTTP/1.1\r\nHost: x\r\n\r\n")
        running.wait_in_flight()
        with Load(running.address, threads=2, path="/") as load:
            running.wait_log("is recycled")
            load.wait_for_more(10)
            assert int(wire.read().text) == first
    assert load.errors == []


def test_a_successor_that_cannot_start_leaves_the_old_worker(server: Any, scratch: Any) -> None:
    flag = scratch / "broken"
    running = server(
        APP, {"server": {"env": {"BROKEN": str(flag)}}, "recycle": {"max_requests": 20}}
    )
    [first] = running.workers()
    flag.touch()
    with Load(running.address, threads=2) as load:
        running.wait_log("is not recycled yet: its replacement did not start")
        load.wait_for_more(20)
        flag.unlink()
        running.wait_log("is recycled (max_requests)", timeout=20)
        processes.wait_for("the end of the old", lambda: first not in running.workers(), 20)
    assert load.errors == []
