"""What telemetry costs: hello with everything off, with metrics, with spans; and that of peers."""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from runner import client, processes
from runner.receiver import receiving
from runner.servers import CLIENT_CPU, UVICORN, Command, Launch, Programs, Server, pellucid, running
from runner.servers import gunicorn as gunicorn_command

WORKER_US, OBSERVER_US, P99 = 1.0, 1.5, 0.05  # what all of it may add
CONNECTIONS = 64
STEADY_RATE = 4000  # requests a second at most, while latency is measured
STEADY_SECONDS = 2  # of one turn: a mood of the machine lasts longer
AGAIN = "off again"  # what two measurements of the same differ by
HEAD = (
    f"{'server':<14}{'telemetry':<16}{'rps':>9}{'worker us':>11}{'observer us':>13}"
    f"{'added us':>10}{'spans':>9}{'steady rps':>12}{'p50 ms':>8}{'p99 ms':>8}{'later':>8}"
)


@dataclass(frozen=True)
class Variant:
    """A server with some telemetry. ratio: of sampled requests; None: without spans."""

    family: str
    telemetry: str
    server: Server
    app: str
    ratio: float | None = None


@dataclass(frozen=True)
class Cost:
    """One measurement at as many requests a second as are answered, or medians. worker, observer:
    CPU seconds a request; spans: received for each request, in percent."""

    rps: float
    worker: float
    observer: float
    spans: float


@dataclass(frozen=True)
class Steady:
    """One turn of a steady load, or medians. p50, p99: seconds; later: its p99 as a multiple of
    what the same server with everything off had in the same turn."""

    steady_rps: float
    p50: float
    p99: float
    later: float


@dataclass
class Row:
    """A variant's measurements: a cost a round, and in each the turns of a steady load.
    failure: why there are none."""

    variant: Variant
    rounds: list[Cost] = field(default_factory=list)
    turns: list[Steady] = field(default_factory=list)
    failure: str = ""

    @property
    def cost(self) -> Cost:
        """Median of each figure on its own."""
        return Cost(**_medians(Cost, self.rounds))

    @property
    def steady(self) -> Steady:
        """Median of each figure on its own."""
        return Steady(**_medians(Steady, self.turns))


def _medians(kind: type, found: Sequence[Any]) -> dict[str, float]:
    names = [member.name for member in fields(kind)]
    return {name: statistics.median(getattr(one, name) for one in found) for name in names}


def _pellucid(interface: str, sections: str) -> Command:
    """Its endpoint is known when it starts."""

    def command(launch: Launch) -> list[str]:
        text = sections.replace("{endpoint}", os.environ["TRACES_BASE"])
        return pellucid(interface, text, loop="asyncio")(launch)

    return command


NO_LOG = '[http]\naccess_log = "off"\n'
OFF = NO_LOG + '[admin]\nbind = "off"\n[trace]\nratio = 0.0\nkeep = []\n'
METRICS = NO_LOG + '[admin]\nbind = "unix:{folder}/admin"\n[trace]\nratio = 0.0\nkeep = []\n'
SPANS = (
    NO_LOG + '[admin]\nbind = "unix:{{folder}}/admin"\n[trace]\nratio = {ratio}\n'
    '[otlp]\nendpoint = "{{endpoint}}"\n'
)


def _ours(interface: str) -> list[Variant]:
    app = f"plain:hello_{interface}"

    def one(telemetry: str, sections: str, ratio: float | None = None) -> Variant:
        server = Server(f"pellucid {interface}", interface, _pellucid(interface, sections))
        return Variant(server.name, telemetry, server, app, ratio)

    return [
        one("off", OFF),
        one(AGAIN, OFF),
        one("metrics", METRICS),
        one("spans 1 %", SPANS.format(ratio=0.01), 0.01),
        one("spans 100 %", SPANS.format(ratio=1.0), 1.0),
    ]


def _peers(name: str, interface: str, command: Command) -> list[Variant]:
    server = Server(name, interface, command)
    traced = f"traced:hello_{interface}"
    return [
        Variant(name, "off", server, f"plain:hello_{interface}"),
        Variant(name, "otel 1 %", server, traced, 0.01),
        Variant(name, "otel 100 %", server, traced, 1.0),
    ]


VARIANTS = [
    *_ours("wsgi"),
    *_ours("asgi"),
    *_peers("gunicorn", "wsgi", gunicorn_command(1)),
    *_peers("uvicorn", "asgi", UVICORN),
]


def _cpu(session: int) -> tuple[float, float]:
    """CPU seconds of the session without its observer, and of that."""
    observers = [p for p in processes.of_session(session) if processes.has_word(p, "observer")]
    of_observers = processes.cpu_seconds_of(observers)
    return processes.cpu_seconds(session) - of_observers, of_observers


def _load(port: int, seconds: int, pause_ms: int = 0) -> client.Load:
    seen = client.load(port, "/", b"", CONNECTIONS, seconds, CLIENT_CPU, pause_ms)
    if seen.requests == 0 or seen.errors:
        raise RuntimeError(f"{seen.requests} requests, {seen.errors} errors")
    return seen


def _set_environment(url: str, ratio: float | None) -> None:
    """What commands and apps of the variants read when they start."""
    os.environ["TRACES_BASE"] = url
    os.environ["TRACES_ENDPOINT"] = url + "/v1/traces"
    os.environ["TRACES_RATIO"] = str(ratio or 0)


def _measure(variant: Variant, programs: Programs, seconds: int) -> Cost:
    with receiving(CLIENT_CPU) as receiver:
        _set_environment(receiver.url, variant.ratio)
        with running(variant.server, variant.app, programs) as started:
            _load(started.port, 1)
            before, spans = _cpu(started.session), receiver.received().spans
            seen = _load(started.port, seconds)
            after = _cpu(started.session)
            spans = receiver.received().spans - spans
    return Cost(
        rps=seen.requests / seen.seconds,
        worker=(after[0] - before[0]) / seen.requests,
        observer=(after[1] - before[1]) / seen.requests, spans=100 * spans / seen.requests,
    )  # fmt: skip


def _take_turns(family: Sequence[Row], programs: Programs, turns: int) -> None:
    """All variants of one server are there at once and have their turns, so that a mood of the
    machine hits all alike. The first one has everything off."""
    with ExitStack() as all_of_them:
        receiver = all_of_them.enter_context(receiving(CLIENT_CPU))
        ports = []
        for row in family:
            _set_environment(receiver.url, row.variant.ratio)
            server = running(row.variant.server, row.variant.app, programs)
            ports.append(all_of_them.enter_context(server).port)
            _load(ports[-1], 1)
        receiver.step_aside()
        for _ in range(turns):
            pause_ms = 1000 * CONNECTIONS // STEADY_RATE
            loads = [_load(port, STEADY_SECONDS, pause_ms) for port in ports]
            for row, load in zip(family, loads, strict=True):
                later = load.p99 / loads[0].p99 if loads[0].p99 else 1.0
                row.turns.append(Steady(load.requests / load.seconds, load.p50, load.p99, later))


def _round(family: Sequence[Row], programs: Programs, seconds: int, turns: int, name: str) -> None:
    for row in family:
        print(f"{name}, {row.variant.telemetry}", file=sys.stderr)
        row.rounds.append(_measure(row.variant, programs, seconds))
    print(f"{name}, a steady load", file=sys.stderr)
    _take_turns(family, programs, turns)


def measure(programs: Programs, servers: str, rounds: int, seconds: int, turns: int) -> list[Row]:
    """Every variant of the families whose names begin with one of the comma-separated words ("" is
    all), `rounds` times in turn. A family of which one fails is reported so and left out then."""
    words = tuple(word.strip() for word in servers.split(",") if word.strip())
    families: dict[str, list[Row]] = {}
    for variant in VARIANTS:
        if not words or variant.family.startswith(words):
            families.setdefault(variant.family, []).append(Row(variant))
    for number in range(rounds):
        for name, family in families.items():
            try:
                if not family[0].failure:
                    title = f"overhead {number + 1}/{rounds}: {name}"
                    _round(family, programs, seconds, turns, title)
            except (RuntimeError, OSError) as failure:
                print(failure, file=sys.stderr)
                for row in family:
                    row.failure = str(failure)
    return [row for family in families.values() for row in family]


def _of_family(rows: Sequence[Row], row: Row, telemetry: str) -> Row | None:
    """The same server with that telemetry, if it was measured."""
    for other in rows:
        if (other.variant.family, other.variant.telemetry) == (row.variant.family, telemetry):
            return other if other.turns else None
    return None


def _line(rows: Sequence[Row], row: Row) -> str:
    start = f"{row.variant.family:<14}{row.variant.telemetry:<16}"
    if not row.turns:
        return start + f"  failed: {row.failure.splitlines()[0]}"
    cost, steady, off = row.cost, row.steady, _of_family(rows, row, "off")
    added = "-"
    if off:
        all_of_it = cost.worker + cost.observer - off.cost.worker - off.cost.observer
        added = f"{all_of_it * 1e6:.2f}"
    return (
        f"{start}{cost.rps:>9.0f}{cost.worker * 1e6:>11.2f}{cost.observer * 1e6:>13.2f}"
        f"{added:>10}{cost.spans:>8.1f}%{steady.steady_rps:>12.0f}"
        f"{steady.p50 * 1e3:>8.2f}{steady.p99 * 1e3:>8.2f}{steady.later - 1:>+8.1%}"
    )


def table(rows: Sequence[Row]) -> str:
    """All rows, in their order."""
    return "\n".join([HEAD, *(_line(rows, row) for row in rows)])


def verdicts(rows: Sequence[Row]) -> list[tuple[bool, str]]:
    """What all telemetry of ours may add, against everything off. What the same server again seems
    to add is said beside it: no more can be known."""
    found = []
    for row in rows:
        off, again = _of_family(rows, row, "off"), _of_family(rows, row, AGAIN)
        if row.variant.telemetry != "spans 100 %" or not row.turns or not off or not again:
            continue
        cost, name, later = row.cost, row.variant.family, row.steady.later - 1
        worker, observer = (cost.worker - off.cost.worker) * 1e6, cost.observer * 1e6
        same = (again.cost.worker - off.cost.worker) * 1e6, again.steady.later - 1
        found += [
            (
                worker <= WORKER_US,
                f"{name}, worker: {worker:+.2f} us (off again {same[0]:+.2f}), at most {WORKER_US}",
            ),
            (
                observer <= OBSERVER_US,
                f"{name}, observer: {observer:+.2f} us, at most {OBSERVER_US}",
            ),
            (
                later <= P99,
                f"{name}, p99 of a steady load: {later:+.1%} (off again {same[1]:+.1%}), "
                f"at most {P99:.0%}",
            ),
        ]
    return found


def as_json(about: Mapping[str, Any], rows: Sequence[Row], settings: Mapping[str, Any]) -> str:
    """Each round of each variant, and the medians."""
    found = [
        {
            "server": row.variant.family,
            "telemetry": row.variant.telemetry,
            "medians": asdict(row.cost) | asdict(row.steady) if row.turns else None,
            "rounds": [asdict(cost) for cost in row.rounds],
            "turns": [asdict(turn) for turn in row.turns],
            "failure": row.failure,
        }
        for row in rows
    ]
    return json.dumps({"machine": about, "settings": dict(settings), "overhead": found}, indent=1)
