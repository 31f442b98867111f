"""A server process started by a test: what all of them can do, however they were started."""

from __future__ import annotations

import itertools
import os
import random
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals

from support import processes, sanitizers
from support.target import Target
from support.wire import Address, Response, Wire, request

# One after the other from anywhere: a server that asks for two must not get the same twice.
_PORTS = itertools.count(random.randrange(750))


def free_port() -> int:
    """A free TCP port on loopback, outside the range of outgoing connections.

    Each process of pytest-xdist has ports of its own: what is free now may be bound a little later.
    """
    share = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 16
    for _ in range(200):
        port = 20000 + share * 750 + next(_PORTS) % 750
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port between 20000 and 32000")


class Running:
    """A server in its own session. folder: its scratch (logs, sanitizer reports, config)."""

    def __init__(
        self,
        target: Target,
        folder: Path,
        command: list[str],
        env: dict[str, str],
        address: Address,
        pass_fds: tuple[int, ...] = (),
    ) -> None:
        self.target = target
        self.folder = folder
        self.address = address
        self.orphans_allowed = False  # a test that kills the supervisor may set it
        with open(folder / "stdout", "wb") as out, open(folder / "stderr", "wb") as err:
            self.process = subprocess.Popen(
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                pass_fds=pass_fds,
                cwd=folder,
            )

    # --- requests ---

    @property
    def url(self) -> str:
        """Base URL of a TCP address, without a slash at its end."""
        if isinstance(self.address, str):
            raise TypeError(f"no URL for the unix socket {self.address}")
        host, port = self.address
        return f"http://{host}:{port}"

    def connect(self, timeout: float = 10.0) -> Wire:
        """A connection of its own; timeout in seconds for each step, patience included."""
        return Wire(self.address, timeout * self.target.patience)

    def request(
        self,
        method: str,
        path: str = "/",
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        timeout: float = 10.0,
    ) -> Response:
        """One request on a connection of its own."""
        with self.connect(timeout) as wire:
            wire.send(request(method, path, {"Connection": "close"} | (headers or {}), body))
            return wire.read(method)

    def get(
        self, path: str = "/", headers: dict[str, str] | None = None, timeout: float = 10.0
    ) -> Response:
        """GET on a connection of its own."""
        return self.request("GET", path, headers, timeout=timeout)

    def raw(self, data: bytes, quiet: float = 0.3, timeout: float = 10.0) -> bytes:
        """Sends bytes, returns bytes.

        Reads until the server closes, or, where it keeps the connection, until it has been quiet
        for `quiet` seconds after its first byte.
        """
        with self.connect(timeout) as wire:
            # Refused before it was sent whole: the answer is there to read.
            with suppress(BrokenPipeError, ConnectionResetError):
                wire.send(data)
            return wire.read_all(quiet * self.target.patience)

    # --- processes ---

    @property
    def pid(self) -> int:
        """Of the process that was started: the supervisor."""
        return self.process.pid

    def processes(self) -> list[processes.Process]:
        """All its live processes."""
        return processes.of_session(self.pid)

    def signal(self, number: Signals, pid: int | None = None) -> None:
        """Sends a signal to pid, by default to the supervisor."""
        os.kill(self.pid if pid is None else pid, number)

    def is_running(self) -> bool:
        """Has the process not ended yet?"""
        return self.process.poll() is None

    def wait(self, timeout: float = 15.0) -> int:
        """Waits for the end; returns the exit code (negative: the signal)."""
        return self.process.wait(timeout * self.target.patience)

    def stop(self, number: Signals = SIGTERM, timeout: float = 15.0) -> int:
        """Sends a signal, waits, and returns the exit code; the code again when it has ended."""
        if self.is_running():
            self.signal(number)
        return self.wait(timeout)

    # --- what it said ---

    @property
    def log(self) -> str:
        """Its standard error so far: the server's own log, and the app's."""
        return (self.folder / "stderr").read_text(errors="replace")

    @property
    def access_log(self) -> str:
        """Its standard output so far: with access_log = "-", one line a request."""
        return (self.folder / "stdout").read_text(errors="replace")

    def wait_log(self, text: str, count: int = 1, timeout: float = 10.0) -> str:
        """Waits until the log holds text count times; returns the log."""
        return self._wait_text(f"log line {text!r}", "log", text, count, timeout)

    def wait_access(self, text: str, count: int = 1, timeout: float = 10.0) -> str:
        """Waits until the access log holds text count times; returns the access log."""
        return self._wait_text(f"access record {text!r}", "access_log", text, count, timeout)

    def _wait_text(self, what: str, where: str, text: str, count: int, timeout: float) -> str:
        def look() -> str | None:
            have = str(getattr(self, where))
            return have if have.count(text) >= count else None

        return processes.wait_for(what, look, timeout * self.target.patience)

    # --- the end ---

    def clean_up(self) -> list[str]:
        """Ends everything that is left; returns what the test must fail for."""
        faults: list[str] = []
        if self.is_running():
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                faults.append("did not stop on SIGTERM")
        faults += self._end_leftovers()
        return faults + sanitizers.reports(self.folder)

    def _end_leftovers(self) -> list[str]:
        try:
            processes.wait_for(
                "end of its processes", lambda: not self.processes(), 2 * self.target.patience
            )
            return []
        except TimeoutError:
            left = self.processes()
        for process in left:
            os.kill(process.pid, SIGKILL)
        if self.is_running():
            self.process.wait()
        if self.orphans_allowed:
            return []
        return [f"left behind: {p.pid} {p.command}" for p in left]
