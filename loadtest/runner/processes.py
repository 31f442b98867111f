"""What /proc says of the processes of a server: CPU time, memory, wake-ups."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat behind the name, so index 0 is the state."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def of_session(session: int) -> Iterator[int]:
    """Pids of the processes of a session that have not ended."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError):
                fields = _stat(int(name))
                if int(fields[3]) == session and fields[0] not in "ZX":
                    yield int(name)


def cpu_seconds(session: int) -> float:
    """User and system time of all processes of the session, ended children included."""
    return cpu_seconds_of(of_session(session))


def cpu_seconds_of(pids: Iterable[int]) -> float:
    """The same, of some processes."""
    ticks = 0
    for pid in pids:
        with suppress(OSError):
            ticks += sum(int(field) for field in _stat(pid)[11:15])
    return ticks / TICKS_A_SECOND


def has_word(pid: int, word: str) -> bool:
    """Is the word in the command line of the process?"""
    with suppress(OSError):
        return word.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def _smaps(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"no {field} in smaps_rollup")


def pss_bytes(session: int) -> int:
    """Proportional set size of all processes of the session."""
    return sum(_smaps(pid, "Pss") for pid in of_session(session))


def anonymous_bytes(session: int) -> int:
    """Memory of the session that no file backs, shared pages counted once."""
    return sum(_smaps(pid, "Pss_Anon") for pid in of_session(session))


def wake_ups(session: int) -> int:
    """How often threads of the session have gone to sleep so far, and so been woken."""
    return wake_ups_of(of_session(session))


def wake_ups_of(pids: Iterable[int]) -> int:
    """The same, of some processes."""
    total = 0
    for pid in pids:
        for status in Path(f"/proc/{pid}/task").glob("*/status"):
            for line in status.read_text().splitlines():
                if line.startswith("voluntary_ctxt_switches:"):
                    total += int(line.split()[1])
    return total


def end_session(process: subprocess.Popen[bytes], timeout: float = 3.0) -> None:
    """SIGTERM to the first process; SIGKILL to what is left of its session when that has ended, or
    after timeout seconds."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    end = time.monotonic() + timeout
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout)
    while left := list(of_session(process.pid)):
        if time.monotonic() > end or process.returncode is not None:
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        process.poll()
        time.sleep(0.02)
    process.wait()
