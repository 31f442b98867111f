"""Rounds: each server in turn, again and again, so that the machine's moods hit all alike."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from runner import client, processes
from runner.scenarios import Scenario
from runner.servers import CLIENT_CPU, Programs, Server, Started, running


@dataclass(frozen=True)
class Figures:
    """One measurement, or the medians of several.

    rps: requests a second. p50, p99: seconds. cpu: CPU seconds of all the server's processes for
    one request. pss: bytes, of all its processes, right after the load.
    """

    rps: float
    p50: float
    p99: float
    cpu: float
    pss: float
    errors: int


@dataclass
class Row:
    """A server's figures in a scenario. failure: why there are none."""

    server: Server
    rounds: list[Figures]
    failure: str = ""

    @property
    def medians(self) -> Figures:
        """Median of each figure on its own; errors are added up."""
        of = {
            name: statistics.median(getattr(figures, name) for figures in self.rounds)
            for name in ("rps", "p50", "p99", "cpu", "pss")
        }
        return Figures(**of, errors=sum(figures.errors for figures in self.rounds))


def _check(started: Started, scenario: Scenario) -> None:
    if started.server.interface == "floor":
        return
    method = "POST" if scenario.body else "GET"
    got = client.fetch(started.port, method, scenario.path, scenario.body)
    if got != scenario.expected:
        raise RuntimeError(f"{started.server.name}, {scenario.name}: wrong answer {got[:80]!r}")


def measure(started: Started, scenario: Scenario, seconds: int) -> Figures:
    """Warms the server up for a second, then measures it; raises RuntimeError on wrong answers."""
    _check(started, scenario)
    is_floor = started.server.interface == "floor"
    path = scenario.floor if is_floor and scenario.floor else scenario.path
    arguments = (started.port, path, scenario.body, scenario.connections)
    client.load(*arguments, seconds=1, cpu=CLIENT_CPU)
    before = processes.cpu_seconds(started.session)
    seen = client.load(*arguments, seconds=seconds, cpu=CLIENT_CPU)
    used = processes.cpu_seconds(started.session) - before
    if seen.requests == 0:
        raise RuntimeError(f"{started.server.name}, {scenario.name}: no request was answered")
    return Figures(
        rps=seen.requests / seen.seconds, p50=seen.p50, p99=seen.p99, cpu=used / seen.requests,
        pss=processes.pss_bytes(started.session), errors=seen.errors,
    )  # fmt: skip


def takes_part(server: Server, scenario: Scenario) -> bool:
    """Can this server run this scenario?"""
    if server.interface == "floor":
        return scenario.floor is not None
    return server.interface in scenario.apps


def compare(
    scenario: Scenario, servers: Sequence[Server], programs: Programs, rounds: int, seconds: int
) -> list[Row]:
    """All servers that can, `rounds` times in turn; each starts afresh every time.

    A server that fails is reported in its row and left out of further rounds.
    """
    rows = [Row(server, []) for server in servers if takes_part(server, scenario)]
    for number in range(rounds):
        for row in rows:
            if row.failure:
                continue
            print(f"{scenario.name} {number + 1}/{rounds}: {row.server.name}", file=sys.stderr)
            app = scenario.apps.get(row.server.interface, "")
            try:
                with running(row.server, app, programs) as started:
                    row.rounds.append(measure(started, scenario, seconds))
            except (RuntimeError, OSError) as failure:
                row.failure = str(failure)
                print(row.failure, file=sys.stderr)
    return rows
