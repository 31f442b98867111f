"""Connections that wait in the kernel until a worker accepts them: how long, and how many."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from support.processes import wait_for
from support.samples import parse, total
from support.wire import Wire

BLOCKED = 1.5  # seconds; the test needs some of it to get ready
LONG = 0.1
APP = f"""
import time

async def app(scope, receive, send):
    assert scope["type"] == "http"
    if scope["path"] == "/block":
        time.sleep({BLOCKED})
    await send({{"type": "http.response.start", "status": 200}})
    await send({{"type": "http.response.body"}})
"""
NAME = "pellucid_connection_accept_time_seconds_total"


def spans(running, count: int) -> dict[str, dict[str, Any]]:
    """The last requests by their path, once there are so many."""

    def look() -> list[dict[str, Any]] | None:
        found = json.loads(running.admin("/spans.json")[1])["spans"]
        return found if len(found) >= count else None

    found = wait_for(f"{count} spans", look, 10 * running.target.patience)
    return {span["path"]: span for span in found}


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


@pytest.mark.parametrize("is_late", [False, True])
def test_a_worker_that_is_busy(server, is_late):
    running = server(code=APP, config={"server": {"workers": 1}})
    with running.connect() as blocker:
        blocker.send(get("/block"))
        running.wait_in_flight()
        begun = time.monotonic()
        with running.connect() as wire:
            if is_late:
                blocker.read()  # accepted by then, before it asks for anything
            wire.send(get("/first")).read()
            waited = time.monotonic() - begun
            wire.send(get("/second")).read()
    found = spans(running, 3)
    assert LONG < found["/first"]["accept_seconds"] <= waited
    assert "accept_seconds" not in found["/second"]
    counted = total(parse(running.metrics()), NAME)
    assert counted >= found["/first"]["accept_seconds"] - 1e-6


def test_unix_sockets_tell_nothing(server, tmp_path):
    path = str(tmp_path / "socket")
    running = server(code=APP, config={"server": {"workers": 1, "bind": [f"unix:{path}"]}})
    with Wire(path, 10 * running.target.patience) as blocker:
        blocker.send(get("/block"))
        running.wait_in_flight()
        with Wire(path, 10 * running.target.patience) as wire:
            wire.send(get("/first")).read()
    assert "accept_seconds" not in spans(running, 2)["/first"]


HELD = """
import os, time

async def app(scope, receive, send):
    assert scope["type"] == "http"
    while not os.path.exists(scope["query_string"]):
        time.sleep(0.01)
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body"})
"""
ONE_WORKER = {"workers": 1, "backlog": 7}


@pytest.mark.parametrize("is_unix", [False, True])
def test_the_backlog_of_each_listener(server, scratch, is_unix):
    path, flag = str(scratch / "socket"), scratch / "flag"
    bind = [f"unix:{path}"] if is_unix else []
    running = server(code=HELD, config={"server": ONE_WORKER | ({"bind": bind} if bind else {})})
    address = path if is_unix else running.address
    patience = 10 * running.target.patience
    with Wire(address, patience) as blocker:
        blocker.send(get(f"/?{flag}"))
        running.wait_in_flight()
        waiting = [Wire(address, patience) for _ in range(3)]

        def listener() -> dict[str, Any]:
            (found,) = running.status()["listeners"]
            return found

        wait_for("three that wait", lambda: listener()["backlog"] == 3, patience)
        found = listener()
        name = found["address"]
        assert name == (f"unix:{path}" if is_unix else f"http://127.0.0.1:{running.port}")
        assert found["backlog_limit"] == 7
        assert found.get("drops") == (None if is_unix else 0)
        samples = parse(running.metrics())
        labels = {"pellucid_listener": name}
        assert total(samples, "pellucid_listener_backlog", **labels) == 3
        assert total(samples, "pellucid_listener_backlog_limit", **labels) == 7
        assert is_unix == ("pellucid_listener_drops_total" not in running.metrics())
        flag.touch()
        blocker.read()
        wait_for("none that waits", lambda: listener()["backlog"] == 0, patience)
        for wire in waiting:
            wire.close()
