"""The servers that are compared: how each is started with one worker."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runner import client, processes

ROOT = Path(__file__).resolve().parents[2]
APPS = ROOT / "loadtest" / "apps"
SERVER_CPU, CLIENT_CPU = 0, 1
START_TIMEOUT = 20.0


@dataclass(frozen=True)
class Programs:
    """What is started: the interpreter that has Pellucid and its peers, and the floor server."""

    python: str
    floor: str


@dataclass(frozen=True)
class Launch:
    """What a server's command line is made of. folder: scratch for its files."""

    programs: Programs
    app: str
    port: int
    folder: Path


Command = Callable[[Launch], list[str]]


@dataclass(frozen=True)
class Server:
    """A row of the tables. interface: wsgi, asgi, or floor. threads: application threads."""

    name: str
    interface: str
    command: Command
    threads: int = 1

    @property
    def is_ours(self) -> bool:
        """Is it Pellucid?"""
        return self.name.startswith("pellucid")


def pellucid(
    interface: str, sections: str, *, workers: int = 1, threads: int = 1, loop: str = "auto"
) -> Command:
    """Pellucid from a file. sections: what follows [server] in it; {folder} is the scratch's."""

    def command(launch: Launch) -> list[str]:
        config = launch.folder / "pellucid.toml"
        config.write_text(
            f'[server]\napp = "{launch.app}"\ninterface = "{interface}"\nchdir = "{APPS}"\n'
            f'bind = ["127.0.0.1:{launch.port}"]\nworkers = {workers}\nthreads = {threads}\n'
            f'loop = "{loop}"\n' + sections.replace("{folder}", str(launch.folder))
        )
        return [launch.programs.python, "-m", "pellucid", "-c", str(config)]

    return command


# What production has on besides timing and metrics: access records, the admin address.
_PRODUCTION = '[http]\naccess_log = "{folder}/access.log"\n[admin]\nbind = "unix:{folder}/admin"\n'


def _pellucid(interface: str, threads: int = 1, loop: str = "auto") -> Command:
    return pellucid(interface, _PRODUCTION, threads=threads, loop=loop)


def _peer(module: str, *args: str) -> Command:
    """python -m module args, with {app} and {port} filled in."""

    def command(launch: Launch) -> list[str]:
        filled = (arg.format(app=launch.app, port=launch.port) for arg in args)
        return [launch.programs.python, "-m", module, *filled]

    return command


def _served(module: str) -> Command:
    """A server without a command line."""

    def command(launch: Launch) -> list[str]:
        script = str(APPS / "serve.py")
        return [launch.programs.python, script, module, launch.app, str(launch.port)]

    return command


def _granian(interface: str, *args: str) -> Command:
    return _peer(
        "granian", "--interface", interface, "--workers", "1", "--host", "127.0.0.1",
        "--port", "{port}", "--no-ws", "--log-level", "warning", *args, "{app}",
    )  # fmt: skip


def gunicorn(threads: int) -> Command:
    """gunicorn with its threads."""
    return _peer(
        "gunicorn", "-w", "1", "-k", "gthread", "--threads", str(threads), "--keep-alive", "75",
        "--worker-connections", "2000", "-b", "127.0.0.1:{port}", "--log-level", "warning", "{app}",
    )  # fmt: skip


UVICORN = _peer(
    "uvicorn", "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level",
    "warning", "--host", "127.0.0.1", "--port", "{port}", "{app}",
)  # fmt: skip
HYPERCORN = _peer(
    "hypercorn", "-w", "1", "-k", "uvloop", "--keep-alive", "75", "--log-level", "warning",
    "-b", "127.0.0.1:{port}", "{app}",
)  # fmt: skip


def _floor(launch: Launch) -> list[str]:
    return [launch.programs.floor, str(launch.port)]


FLOOR = Server("floor", "floor", _floor)

SERVERS = [
    FLOOR,
    Server("pellucid wsgi 1 thread", "wsgi", _pellucid("wsgi", 1)),
    Server("pellucid wsgi 8 threads", "wsgi", _pellucid("wsgi", 8), threads=8),
    Server("pellucid asgi asyncio", "asgi", _pellucid("asgi", loop="asyncio")),
    Server("pellucid asgi uvloop", "asgi", _pellucid("asgi", loop="uvloop")),
    Server("bjoern", "wsgi", _served("bjoern")),
    Server("fastpysgi wsgi", "wsgi", _served("fastpysgi")),
    Server("granian wsgi 1 thread", "wsgi", _granian("wsgi", "--blocking-threads", "1")),
    Server("granian wsgi 8 threads", "wsgi", _granian("wsgi", "--blocking-threads", "8"), 8),
    Server("gunicorn gthread 1 thread", "wsgi", gunicorn(1)),
    Server("gunicorn gthread 8 threads", "wsgi", gunicorn(8), 8),
    Server("fastpysgi asgi", "asgi", _served("fastpysgi")),
    Server("granian asgi", "asgi", _granian("asgi", "--loop", "uvloop")),
    Server("uvicorn", "asgi", UVICORN),
    Server("hypercorn", "asgi", HYPERCORN),
]


@dataclass(frozen=True)
class Started:
    """A server that answers. session: holds all its processes."""

    server: Server
    port: int
    session: int


def _environment() -> dict[str, str]:
    """Peers find the apps through PYTHONPATH; Pellucid, from a build tree, itself too."""
    paths = [str(APPS), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(p for p in paths if p)}


def _pin() -> None:
    os.sched_setaffinity(0, {SERVER_CPU})


@contextmanager
def running(server: Server, app: str, programs: Programs) -> Iterator[Started]:
    """Starts a server on its CPU, waits until it answers, and ends all its processes after use.

    Raises RuntimeError with the server's output when it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="pel-load-") as folder:
        port = client.free_port()
        launch = Launch(programs, app, port, Path(folder))
        with open(launch.folder / "output", "wb") as output:
            process = subprocess.Popen(
                server.command(launch), cwd=folder, env=_environment(), stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, start_new_session=True, preexec_fn=_pin,
            )  # fmt: skip
        try:
            if not client.wait_until_serving(port, START_TIMEOUT, process):
                said = (launch.folder / "output").read_text(errors="replace")[-4000:]
                raise RuntimeError(f"{server.name} does not start:\n{said}")
            yield Started(server, port, process.pid)
        finally:
            processes.end_session(process)
