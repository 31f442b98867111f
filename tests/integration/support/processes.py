"""Processes as /proc shows them: who belongs to a server, and who is what."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Process:
    """One live process. command: its command line, arguments joined by blanks; name: its own
    name for itself (PR_SET_NAME)."""

    pid: int
    parent: int
    session: int
    command: str
    name: str


def _read(pid: int) -> Process | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None
    # The name is in brackets and may hold anything; fields count from behind it.
    head, _, tail = stat.rpartition(")")
    state, parent, _group, session = tail.split()[:4]
    if state in "ZX":
        return None
    text = command.replace(b"\0", b" ").decode(errors="replace")
    return Process(pid, int(parent), int(session), text, head.partition("(")[2])


def of_session(session: int) -> list[Process]:
    """All live processes (no zombies) of a session, by pid."""
    pids = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
    found = (_read(pid) for pid in pids)
    return [p for p in found if p is not None and p.session == session]


def name_of(pid: int) -> str | None:
    """The process's own name for itself (PR_SET_NAME); None when it does not run."""
    process = _read(pid)
    return process.name if process else None


def is_alive(pid: int) -> bool:
    """Does pid run (a zombie does not)?"""
    return _read(pid) is not None


def wait_for(what: str, probe: Callable[[], T | None], timeout: float, pause: float = 0.02) -> T:
    """Calls probe until it gives something true, and returns that.

    timeout, pause: seconds. Raises TimeoutError that names what was waited for.
    """
    end = time.monotonic() + timeout
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {timeout:g} s")
        time.sleep(pause)
