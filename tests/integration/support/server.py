"""The real server: `pellucid -c pellucid.toml`, all its processes."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from signal import SIGHUP, SIGKILL, Signals
from typing import TYPE_CHECKING, Any

from support import processes, toml
from support.notify import Notify
from support.running import Running, free_port
from support.target import APPS, Target

if TYPE_CHECKING:
    from support.receiver import Receiver, Span

# How long what is in flight may take to end before /status is believed, in seconds.
A_MOMENT = 0.2
Config = Mapping[str, Mapping[str, Any] | list[Mapping[str, Any]]]


def merged(base: dict[str, Any], over: Config) -> dict[str, Any]:
    """The base document with the sections of over laid on it, key by key."""
    document = {name: dict(section) for name, section in base.items()}
    for name, section in over.items():
        if isinstance(section, Mapping):
            document[name] = document.get(name, {}) | dict(section)
        else:
            document[name] = section  # type: ignore[assignment]
    return document


class Server(Running):
    """A running supervisor with its template, workers and observer.

    port, admin_port: where it listens unless the test's configuration says otherwise.
    config: path of its pellucid.toml, for a test that rewrites it before reload().
    """

    def __init__(
        self,
        target: Target,
        folder: Path,
        app: str | None,
        config: Config | str,
        args: tuple[str, ...] = (),
        env: dict[str, str] | None = None,
        receiver: Receiver | None = None,
    ) -> None:
        self.port, self.admin_port = free_port(), free_port()
        self.config = folder / "pellucid.toml"
        self.receiver = receiver
        self._base: dict[str, Any] = {
            "server": {
                "bind": [f"127.0.0.1:{self.port}"],
                "workers": 1,
                "chdir": str(APPS),
            }
            | ({"app": app} if app else {}),
            "admin": {"bind": f"127.0.0.1:{self.admin_port}"},
        }
        if receiver is not None:
            self._base["otlp"] = {"endpoint": receiver.url}
        folder.mkdir(exist_ok=True)
        self.configure(config)
        self.notify = Notify(folder / "notify")
        super().__init__(
            target,
            folder,
            target.command("-c", str(self.config), *args),
            target.environment(folder, {"NOTIFY_SOCKET": str(self.notify.path)} | (env or {})),
            ("127.0.0.1", self.port),
        )

    def configure(self, config: Config | str) -> None:
        """Writes pellucid.toml: the fixture's own settings with config over them, or a text as it
        stands, in which @PORT@ and @ADMIN_PORT@ are filled in."""
        if isinstance(config, str):
            text = config.replace("@PORT@", str(self.port))
            text = text.replace("@ADMIN_PORT@", str(self.admin_port))
        else:
            text = toml.dumps(merged(self._base, config))
        self.config.write_text(text)

    def wait_ready(self, timeout: float = 30.0) -> Server:
        """Waits for READY=1; raises RuntimeError with the log when it ended, TimeoutError."""
        end = time.monotonic() + timeout * self.target.patience
        while not self.notify.wait("READY", "1", 0.1):
            if not self.is_running():
                raise RuntimeError(f"ended with {self.process.returncode}:\n{self.log}")
            if time.monotonic() > end:
                raise TimeoutError(f"not ready:\n{self.log}")
        return self

    def reload(self, timeout: float = 30.0) -> None:
        """SIGHUP, and waits until it has taken effect or failed (READY=1 again, either way)."""
        self.signal(SIGHUP)
        patience = timeout * self.target.patience
        if not self.notify.wait("RELOADING", "1", patience):
            raise TimeoutError(f"no RELOADING=1:\n{self.log}")
        if not self.notify.wait("READY", "1", patience):
            raise TimeoutError(f"no READY=1 after RELOADING=1:\n{self.log}")

    # --- its processes, by role ---

    def templates(self) -> list[int]:
        """Pids of the templates, one a generation."""
        return [p.pid for p in self.processes() if p.name == "pellucid tmpl"]

    def observer(self) -> int | None:
        """Pid of the observer; None without one, and while that of before an upgrade ends."""
        pids = [p.pid for p in self.processes() if "pellucid.observer" in p.command]
        return pids[0] if len(pids) == 1 else None

    def workers(self) -> list[int]:
        """Pids of the workers, those of a draining generation included."""
        return [p.pid for p in self.processes() if p.name.startswith("pellucid w")]

    def wait_recorded(self, timeout: float = 15.0) -> None:
        """Waits until no request is in flight: an answer arrives before its request is recorded."""
        processes.wait_for(
            "the end of all requests",
            lambda: self.status()["requests_in_flight"] == [],
            timeout * self.target.patience,
        )

    def wait_in_flight(
        self, count: int = 1, phase: str = "app", timeout: float = 15.0
    ) -> list[dict[str, Any]]:
        """The requests in flight in that phase, once there are so many."""

        def look() -> list[dict[str, Any]] | None:
            found = [r for r in self.status()["requests_in_flight"] if r["phase"] == phase]
            return found if len(found) == count else None

        return processes.wait_for(
            f"{count} requests in {phase}", look, timeout * self.target.patience
        )

    def kill_worker(self, number: Signals = SIGKILL, timeout: float = 15.0) -> int:
        """Kills a worker and waits until another has come in its place; returns the old pid."""
        before = self.workers()
        self.signal(number, before[0])
        processes.wait_for(
            "a new worker",
            lambda: before[0] not in self.workers() and len(self.workers()) >= len(before),
            timeout * self.target.patience,
        )
        return before[0]

    def kill_observer(self, timeout: float = 15.0) -> None:
        """Kills the observer, when there is but one, and waits until there is another."""
        patience = timeout * self.target.patience
        before = processes.wait_for("an observer", self.observer, patience)
        self.signal(SIGKILL, before)
        processes.wait_for(
            "another observer", lambda: self.observer() not in (None, before), patience
        )

    # --- what it knows about itself ---

    def admin(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """GET on the admin address: status and body."""
        client = HTTPConnection("127.0.0.1", self.admin_port, timeout=10 * self.target.patience)
        try:
            client.request("GET", path, headers=headers or {})
            answer = client.getresponse()
            return answer.status, answer.read()
        finally:
            client.close()

    def status(self) -> dict[str, Any]:
        """/status of the admin address.

        An answer arrives before its request is recorded: what is in flight is given a moment.
        """
        end = time.monotonic() + A_MOMENT
        while True:
            status = dict(json.loads(self._admin_ok("/status")))
            if not status["requests_in_flight"] or time.monotonic() > end:
                return status
            time.sleep(0.01)

    def metrics(self) -> str:
        """/metrics of the admin address, with the same moment."""
        self.status()
        return self._admin_ok("/metrics").decode()

    def _admin_ok(self, path: str) -> bytes:
        status, body = self.admin(path)
        if status != 200:
            raise RuntimeError(f"{path}: {status} {body!r}")
        return body

    def spans(self, count: int = 1, timeout: float = 10.0) -> list[Span]:
        """Waits until its receiver holds count spans; all of them, in order of arrival."""
        if self.receiver is None:
            raise RuntimeError("server(..., receiver=receiver) says where spans go")
        return self.receiver.wait(count, timeout * self.target.patience)

    def clean_up(self) -> list[str]:
        """As Running.clean_up; closes the notification socket too."""
        try:
            return super().clean_up()
        finally:
            self.notify.close()
