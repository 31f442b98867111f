"""Fixtures of the integration tests; tests/README.md shows them in use."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from support import prometheus, sanitizers
from support.collector import Collector
from support.collector import build as build_collector
from support.command import Command
from support.receiver import Receiver
from support.running import Running
from support.server import Config, Server
from support.target import APPS, Target
from support.target import target as chosen_target
from support.worker import Worker

STARTED: pytest.StashKey[list[Running]] = pytest.StashKey()


@pytest.fixture(scope="session")
def target() -> Target:
    """The Pellucid under test: interpreter, build, sanitizers, patience."""
    return chosen_target()


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder with a short name: the paths of unix sockets have 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="pel-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def pellucid(target: Target, scratch: Path) -> Iterator[Command]:
    """Runs `pellucid ARGS` to its end: pellucid("check", "shop:app", file="[server]...")."""
    yield Command(target, scratch)
    if faults := sanitizers.reports(scratch):
        pytest.fail("\n".join(faults), pytrace=False)


def _written(code: str, folder: Path) -> str:
    """Writes an app's source into folder and returns its specification."""
    (folder / "testapp.py").write_text(code)
    return "testapp:app"


def _finish(started: list[Running]) -> None:
    """Ends the servers of a test; their logs go with the faults, for the folders are gone soon."""
    faults = []
    for running in started:
        found = running.clean_up()
        faults += [*found, f"log:\n{running.log[-20000:]}"] if found else []
    if faults:
        pytest.fail("\n".join(faults), pytrace=False)


@pytest.fixture
def server(
    request: pytest.FixtureRequest, target: Target, scratch: Path
) -> Iterator[Callable[..., Server]]:
    """Starts the real server; returns when it is ready.

    server(app=None, config={}, *, code=None, args=(), env=None, receiver=None, wait=True)
      app       module:attribute in tests/apps
      code      instead of app: source of a module that defines `app`
      config    sections laid over the fixture's own, or the text of a whole file
      wait      False: return at once, for starts that are meant to fail
    """
    started: list[Running] = request.node.stash.setdefault(STARTED, [])

    def start(
        app: str | None = None,
        config: Config | str | None = None,
        *,
        code: str | None = None,
        args: tuple[str, ...] = (),
        env: dict[str, str] | None = None,
        receiver: Receiver | None = None,
        wait: bool = True,
    ) -> Server:
        settings: Any = config or {}
        if code is not None:
            app = _written(code, scratch)
            settings = _in_folder(settings, scratch)
        running = Server(
            target, scratch / f"server{len(started)}", app, settings, args, env, receiver
        )
        started.append(running)
        return running.wait_ready() if wait else running

    yield start
    _finish(started)


@pytest.fixture
def worker(
    request: pytest.FixtureRequest, target: Target, scratch: Path
) -> Iterator[Callable[..., Worker]]:
    """Starts one worker without the other processes; arguments as of `server`, but

    family      of the socket it listens on
    supervised  there is a control socket: `running.control` is the supervisor's end
    """
    started: list[Running] = request.node.stash.setdefault(STARTED, [])

    def start(
        app: str | None = None,
        config: Config | None = None,
        *,
        code: str | None = None,
        env: dict[str, str] | None = None,
        family: socket.AddressFamily = socket.AF_INET,
        supervised: bool = False,
    ) -> Worker:
        settings: Any = config or {}
        if code is not None:
            app = _written(code, scratch)
            settings = _in_folder(settings, scratch)
        if app is None:
            raise TypeError("worker() needs app or code")
        folder = scratch / f"worker{len(started)}"
        running = Worker(target, folder, app, settings, env, family, supervised)
        started.append(running)
        return running

    yield start
    _finish(started)


def _in_folder(config: Any, folder: Path) -> Any:
    """The configuration with the folder of a written app as its chdir."""
    if isinstance(config, str):
        return config
    return dict(config) | {"server": {"chdir": str(folder)} | dict(config.get("server", {}))}


@pytest.fixture(scope="module")
def module_worker(target: Target) -> Iterator[Callable[..., Worker]]:
    """Starts a worker that serves all tests of a module; module_worker(app, config)."""
    folder = Path(tempfile.mkdtemp(prefix="pel-"))
    started: list[Running] = []

    def start(app: str, config: Config | None = None) -> Worker:
        running = Worker(target, folder / f"worker{len(started)}", app, config or {})
        started.append(running)
        return running

    yield start
    _finish(started)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An OTLP receiver of our own, which can misbehave."""
    with Receiver() as running:
        yield running


@pytest.fixture(scope="session")
def collector_binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real OpenTelemetry Collector, built; the test is skipped where it cannot be."""
    binary = tmp_path_factory.getbasetemp() / "otelcol"
    why_not = build_collector(binary)
    if why_not:
        pytest.skip(why_not)
    return binary


@pytest.fixture
def collector(collector_binary: Path, scratch: Path) -> Iterator[Collector]:
    """A running collector; its `url` is an otlp.endpoint, `wait(n, timeout)` gives spans."""
    with Collector(collector_binary, scratch) as running:
        yield running


@pytest.fixture(scope="session")
def prometheus_binaries() -> Path:
    """The folder of a real promtool and prometheus; the test is skipped where there is no Go."""
    folder, why_not = prometheus.build()
    if folder is None:
        pytest.skip(why_not)
    return folder


@pytest.fixture(scope="session")
def apps() -> Path:
    """Folder of the apps that tests serve."""
    return APPS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test that needs the collector or Prometheus may have to build it."""
    for item in items:
        if {"collector", "prometheus_binaries"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.timeout(1800))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attaches the logs of the servers to the report of a failed test."""
    report = yield
    if report.failed and report.when == "call":
        for running in item.stash.get(STARTED, []):
            report.sections.append((f"log of {running.folder.name}", running.log[-20000:]))
    return report
