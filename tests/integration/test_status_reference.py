"""/status and its reference: conf/telemetry.md has each key of the page, and none that is not there."""

from __future__ import annotations

import re
from pathlib import Path
from signal import SIGKILL
from typing import Any

import pytest

from support.processes import wait_for
from support.receiver import Answer

REFERENCE = Path(__file__).parents[2] / "conf" / "telemetry.md"
HEADING = "### Every key of `/status`"
# Only there when the table of a worker is full: test_status_routes.py.
RARE = {"routes[].is_overflow"}

APP = """
import asyncio
import time

import pellucid

orders = pellucid.counter("shop.orders")

def burn():
    end = time.thread_time() + 0.05
    while time.thread_time() < end:
        pass

async def app(scope, receive, send):
    assert scope["type"] == "http"
    path = scope["path"]
    orders.add(1)
    if path == "/boom":
        raise ValueError("no")
    if path == "/kept":
        pellucid.request().keep()
        with pellucid.span("load", rows=5):
            pass
    if path == "/hang":
        burn()
        await asyncio.sleep(120)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})
"""
CONFIG: dict[str, Any] = {
    "server": {"workers": 2, "graceful_timeout": "1s", "reload": True},
    "otlp": {"metrics_interval": "1s", "signals": ["traces", "metrics", "logs"]},
    "route": [{"match": "/hang", "name": "/hang"}],
}
EXPORTERS = ("exporter", "logs_exporter", "metrics_exporter")


def paths(value: Any, path: str = "") -> set[str]:
    """Of all values that are no objects and no arrays: "workers[].cpu_seconds.user"."""
    if isinstance(value, dict):
        found = [paths(v, f"{path}.{key}" if path else key) for key, v in value.items()]
        return set().union(*found)
    if isinstance(value, list):
        return set().union(*(paths(v, f"{path}[]") for v in value))
    return {path}


def keys_of(cell: str) -> list[str]:
    """Of the first cell of a row; one that begins with a dot takes the place of the last's end."""
    keys: list[str] = []
    for key in re.findall("`([^`]+)`", cell):
        base = keys[-1].rsplit(".", key.count("."))[0] if key.startswith(".") else ""
        keys.append(base + key)
    return keys


def documented() -> set[str]:
    """The keys of the reference; a last name of `*` is data. An object "like" another has its."""
    text = REFERENCE.read_text().partition(HEADING + "\n")[2].partition("\n### ")[0]
    rows = [row.split("|") for row in text.splitlines() if row.startswith("| `")]
    likes = {keys_of(row[1])[0]: row[2].split("`")[1] for row in rows if "like `" in row[2]}
    found = {key for row in rows for key in keys_of(row[1])} - set(likes)
    for key, like in likes.items():
        found |= {key + k.removeprefix(like) for k in found if k.startswith(like + ".")}
    return found


def unmatched(keys: set[str], by: set[str]) -> list[str]:
    """Those of keys that none of the others stands for, whichever of them have a `*`."""

    def stands_for(a: str, b: str) -> bool:
        return a == b or (a.endswith(".*") and b.startswith(a[:-1]))

    return sorted(k for k in keys if not any(stands_for(k, o) or stands_for(o, k) for o in by))


def wait_exports(running, what: str) -> None:
    """Until each exporter has it."""
    wait_for(
        f"{what} of all exporters",
        lambda: all(what in running.status()[exporter] for exporter in EXPORTERS),
        20 * running.target.patience,
    )


@pytest.fixture
def running(server, receiver):
    """A server on which everything has happened that the page tells of."""
    receiver.answers += [Answer(status=400)] * 1000
    running = server(code=APP, config=CONFIG, receiver=receiver)
    running.get("/boom")
    wait_exports(running, "last_failure")
    receiver.answers.clear()
    running.get("/boom")
    wait_exports(running, "last_success")
    running.signal(SIGKILL, running.workers()[0])
    wait_for(
        "a worker's end",
        lambda: running.status()["supervisor"]["worker_ends"],
        10 * running.target.patience,
    )
    running.get("/kept")  # last, so that it is recent
    return running


def test_every_key_is_documented_and_there(running):
    reference = documented()
    seen: set[str] = set()

    def all_seen() -> bool:
        seen.update(paths(running.status()))
        return not unmatched(reference - RARE, seen)

    with running.connect() as wire:
        wire.send(b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n")
        try:  # what memory workers have to themselves is known ten seconds later
            wait_for("every key", all_seen, 30 * running.target.patience)
        except TimeoutError:
            pytest.fail(f"documented, but not there: {unmatched(reference - RARE, seen)}")
    assert not unmatched(seen, reference), "not documented"
