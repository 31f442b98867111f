"""What Pellucid is to reach, checked against results of one run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from runner.measure import Figures, Row
from runner.report import floor_cpu

Results = Mapping[str, Sequence[Row]]
Verdict = tuple[bool, str]

WSGI = ("pellucid wsgi 1 thread", "pellucid wsgi 8 threads")
ASGI = ("pellucid asgi asyncio", "pellucid asgi uvloop")


def _figures(results: Results, scenario: str, server: str) -> Figures | None:
    for row in results.get(scenario, []):
        if row.server.name == server and row.rounds:
            return row.medians
    return None


def _at_most(what: str, value: float, limit: float) -> Verdict:
    return value <= limit, f"{what}: {value:.2f}, at most {limit:.2f}"


def _cpu(results: Results, server: str, limit: float) -> Iterator[Verdict]:
    """CPU time of hello against the floor."""
    ours, floor = _figures(results, "hello", server), floor_cpu(results.get("hello", []))
    if ours and floor:
        yield _at_most(f"{server}, CPU against the floor", ours.cpu / floor, limit)


def _against(results: Results, server: str, peer: str, limit: float) -> Iterator[Verdict]:
    """CPU time of hello against a peer."""
    ours, theirs = _figures(results, "hello", server), _figures(results, "hello", peer)
    if ours and theirs:
        yield _at_most(f"{server}, CPU against {peer}", ours.cpu / theirs.cpu, limit)


def _sleep(results: Results) -> Iterator[Verdict]:
    """Eight threads against one, on an app that sleeps."""
    one, eight = (_figures(results, "sleep", server) for server in WSGI)
    if one and eight:
        gain = eight.rps / one.rps
        yield gain >= 7.5, f"8 threads against 1 on sleep: {gain:.2f} times, at least 7.50"


def _latency(results: Results, ours: Sequence[str], interface: str) -> Iterator[Verdict]:
    """Latency of one connection against the best peer (fastpysgi's ASGI loop spins)."""
    peers = [
        row.medians.p50
        for row in results.get("one", [])
        if row.server.interface == interface and row.rounds
        and not row.server.is_ours and row.server.name != "fastpysgi asgi"
    ]  # fmt: skip
    mine = [f.p50 for name in ours if (f := _figures(results, "one", name))]
    if mine and peers:
        what = f"{interface}, median latency of one connection against the best peer"
        yield _at_most(what, max(mine) / min(peers), 1.0)


def verdicts(results: Results) -> Iterator[Verdict]:
    """Each target that these results can speak for: reached or not, and a line about it."""
    for server in WSGI:
        yield from _cpu(results, server, 1.25)
        yield from _against(results, server, "bjoern", 1.0)
        yield from _against(results, server, "fastpysgi wsgi", 1.0)
    for server in ASGI:
        yield from _cpu(results, server, 1.4)
        yield from _against(results, server, "fastpysgi asgi", 0.6)
    yield from _sleep(results)
    yield from _latency(results, WSGI, "wsgi")
    yield from _latency(results, ASGI, "asgi")
