"""Under a service manager: sockets it passes, what it is told, and being PID 1 of a container."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from signal import SIGHUP, SIGKILL, SIGTERM
from typing import Any

import pytest

from support import processes
from support.notify import Notify
from support.running import Running
from support.target import APPS, Target

APP = "lifecycle:app"


class Service(Running):
    """A server as systemd would start it: sockets from descriptor 3 on, LISTEN_PID its own."""

    def __init__(
        self,
        target: Target,
        folder: Path,
        sockets: list[socket.socket],
        names: str = "",
        prefix: tuple[str, ...] = (),
        env: dict[str, str] | None = None,
        args: tuple[str, ...] = (),
    ) -> None:
        folder.mkdir(exist_ok=True)
        fds = [s.fileno() for s in sockets]
        moves = " ".join(f"{3 + i}<&{fd}" for i, fd in enumerate(fds))
        listen = f"LISTEN_FDS={len(fds)} LISTEN_FDNAMES={names} LISTEN_PID=$$ " if fds else ""
        script = f'{listen}exec "$@" {moves}'
        self.notify = Notify(folder / "notify")
        super().__init__(
            target,
            folder,
            [*prefix, "bash", "-c", script, "bash"]
            + target.command(
                APP, "--set", "admin.bind=off", "--set", f"server.chdir={APPS}", *args
            ),
            target.environment(folder, {"NOTIFY_SOCKET": str(self.notify.path)} | (env or {})),
            sockets[0].getsockname()[:2] if sockets else ("127.0.0.1", 0),
            pass_fds=tuple(fds),
        )

    def wait_ready(self) -> None:
        """Waits for READY=1."""
        assert self.notify.wait("READY", "1", 30 * self.target.patience), self.log


@pytest.fixture
def service(target: Target, scratch: Path) -> Iterator[Any]:
    started: list[Service] = []

    def start(*args: Any, **kwargs: Any) -> Service:
        running = Service(target, scratch / f"service{len(started)}", *args, **kwargs)
        started.append(running)
        return running

    yield start
    faults = [fault for running in started for fault in running.clean_up()]
    for running in started:
        running.notify.close()
    assert faults == []


def test_sockets_are_taken_as_they_come(service: Any) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        running = service([one, two], args=("--bind", "127.0.0.1:1", "--workers", "1"))
        running.wait_ready()
        first = running.get("/").text
        running.address = two.getsockname()
        assert running.get("/").text == first
        # Neither template nor app hears of it.
        assert running.get("/env/LISTEN_FDS").text == ""
        assert running.get("/env/NOTIFY_SOCKET").text == ""
        assert running.stop() == 0
        # systemd keeps its sockets: they go on listening for the next start.
        socket.create_connection(two.getsockname(), 1).close()


def test_a_socket_named_admin_is_the_admin_address(service: Any) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        running = service([one, two], names="web:admin")
        running.wait_ready()
        running.address = two.getsockname()
        assert running.get("/healthz").status == 200
        assert running.stop() == 0


def test_what_is_no_listening_socket_is_refused(service: Any) -> None:
    with socket.socket() as one:
        running = service([one])
        assert running.wait() == 1
        assert "LISTEN_FDS: descriptor 3 is not a listening stream socket" in running.log


def test_the_manager_hears_every_change(server: Any) -> None:
    running = server(APP, {"server": {"workers": 2}})
    assert running.notify.messages[-1]["STATUS"] == "2 of 2 workers ready"
    running.signal(SIGHUP)
    assert running.notify.wait("RELOADING", "1", 20 * running.target.patience)
    now_us = time.clock_gettime(time.CLOCK_MONOTONIC) * 1e6
    assert 0 < now_us - int(running.notify.messages[-1]["MONOTONIC_USEC"]) < 60e6
    assert running.notify.wait("READY", "1", 20 * running.target.patience)
    processes.wait_for("the end of the old", lambda: len(running.workers()) == 2, 15)
    running.kill_worker()
    assert running.notify.wait("STATUS", "1 of 2 workers ready", 20)
    assert running.notify.wait("STATUS", "2 of 2 workers ready", 20)
    running.signal(SIGTERM)
    assert running.notify.wait("STOPPING", "1", 20)
    assert running.wait() == 0


def test_the_watchdog_is_fed_while_somebody_serves(service: Any, scratch: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one:
        running = service([one], env={"WATCHDOG_USEC": "400000"})
        running.wait_ready()
        for _ in range(5):
            start = time.monotonic()
            assert running.notify.wait("WATCHDOG", "1", 20)
            assert time.monotonic() - start < 0.4 * running.target.patience
        assert running.stop() == 0


def test_no_worker_no_watchdog(service: Any, scratch: Path) -> None:
    flag = scratch / "broken"
    with socket.create_server(("127.0.0.1", 0)) as one:
        running = service(
            [one],
            env={"WATCHDOG_USEC": "200000", "BROKEN": str(flag)},
            args=("--workers", "1"),
        )
        running.wait_ready()
        flag.touch()
        pid = int(running.get("/").text)
        running.signal(SIGTERM, pid)
        running.wait_log("next try in 0.8 s", timeout=20)
        while running.notify.receive(0.01):
            pass
        message = running.notify.receive(0.5)
        assert message is None or "WATCHDOG" not in message
        flag.unlink()
        assert running.notify.wait("WATCHDOG", "1", 20)
        assert running.stop() == 0


# --- PID 1 of a container ---


def namespaces_work() -> bool:
    command = ["unshare", "--pid", "--fork", "--mount-proc", "true"]
    return (
        bool(shutil.which("unshare"))
        and subprocess.run(command, capture_output=True).returncode == 0
    )


ORPHANS = """
import os, subprocess, time
def app(environ, start_response):
    # A grandchild whose parent ends at once: init's to reap.
    subprocess.run(["sh", "-c", "sleep 0.2 & echo"], stdout=subprocess.DEVNULL)
    body = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""


def children(pid: int) -> list[tuple[int, str]]:
    """Pids and states of the direct children, zombies included."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                state, parent = (
                    Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[:2]
                )
            except OSError:
                continue
            if int(parent) == pid:
                found.append((int(name), state))
    return found


@pytest.mark.skipif(not namespaces_work(), reason="no right to make a PID namespace")
def test_as_pid_1_it_reaps_and_stops(service: Any, scratch: Path) -> None:
    (scratch / "orphans.py").write_text(ORPHANS)
    with socket.create_server(("127.0.0.1", 0)) as one:
        running = service(
            [one],
            prefix=("unshare", "--pid", "--fork", "--mount-proc"),
            args=(
                "--workers",
                "2",
                "--set",
                f"server.chdir={scratch}",
                "--set",
                "server.app=orphans:app",
            ),
        )
        running.wait_ready()
        assert re.search(r"supervisor\[1\]", running.log)
        [(init, _)] = children(running.pid)
        for _ in range(5):
            assert running.get("/").status == 200
        # A worker dies, too, and its template: all of them are init's children then.
        for pid, _ in children(init):
            if processes.name_of(pid) == "pellucid tmpl":
                running.signal(SIGKILL, pid)
        running.wait_log("template died (SIGKILL)")
        assert running.get("/").status == 200
        processes.wait_for(
            "the end of all zombies",
            lambda: all(state != "Z" for _, state in children(init)),
            10 * running.target.patience,
        )
        running.signal(SIGTERM, init)
        assert running.wait() == 0
