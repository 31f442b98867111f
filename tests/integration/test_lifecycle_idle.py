"""An idle server sleeps."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

SECONDS = 4


def switches(pid: int) -> int:
    """Context switches of a process so far, all threads together."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        status = Path(f"/proc/{pid}/task/{task}/status").read_text()
        total += sum(int(line.split()[1]) for line in status.splitlines() if "ctxt" in line)
    return total


@pytest.mark.parametrize("app", ["lifecycle:app", "lifecycle_asgi:app"])
def test_all_processes_together_hardly_wake_up(server: Any, receiver: Any, app: str) -> None:
    running = server(app, {"server": {"workers": 2}}, receiver=receiver)
    if running.target.sanitize:
        pytest.skip("sanitizers have threads of their own")
    with running.connect() as wire:  # an idle connection wakes nobody either
        wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert wire.read().status == 200
        running.spans(1)
        time.sleep(2)  # what follows an export
        pids = [process.pid for process in running.processes()]
        before = sum(map(switches, pids))
        time.sleep(SECONDS)
        assert sum(map(switches, pids)) - before <= 2 * SECONDS
