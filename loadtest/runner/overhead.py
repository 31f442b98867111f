"""What telemetry costs: hello with everything off, with metrics, with spans; and that of peers."""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from runner import client, processes
from runner.receiver import receiving
from runner.servers import CLIENT_CPU, UVICORN, Command, Launch, Programs, Server, pellucid, running
from runner.servers import gunicorn as gunicorn_command

WORKER_US, OBSERVER_US, P99 = 1.0, 1.5, 0.05  # what all of it may add
CONNECTIONS = 64
STEADY_RATE = 4000  # requests a second at most, while latency is measured
HEAD = (
    f"{'server':<14}{'telemetry':<16}{'rps':>9}{'worker us':>11}{'observer us':>13}"
    f"{'added us':>10}{'spans':>9}{'steady rps':>12}{'p50 ms':>8}{'p99 ms':>8}"
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
    """One measurement, or medians. worker, observer: CPU seconds a request; spans: received for
    each request, in percent. These at as many requests a second as are answered; steady_*: those of
    a steady load, and the latencies (seconds) of it."""

    rps: float
    worker: float
    observer: float
    spans: float
    steady_rps: float
    steady_p50: float
    steady_p99: float


@dataclass
class Row:
    """A variant's measurements. failure: why there are none."""

    variant: Variant
    rounds: list[Cost]
    failure: str = ""

    @property
    def medians(self) -> Cost:
        """Median of each figure on its own."""
        names = [field.name for field in fields(Cost)]
        return Cost(**{n: statistics.median(getattr(c, n) for c in self.rounds) for n in names})


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


def _measure(variant: Variant, programs: Programs, seconds: int) -> Cost:
    with receiving(CLIENT_CPU) as receiver:
        os.environ["TRACES_BASE"] = receiver.url
        os.environ["TRACES_ENDPOINT"] = receiver.url + "/v1/traces"
        os.environ["TRACES_RATIO"] = str(variant.ratio or 0)
        with running(variant.server, variant.app, programs) as started:
            _load(started.port, 1)
            before, spans = _cpu(started.session), receiver.received().spans
            seen = _load(started.port, seconds)
            after = _cpu(started.session)
            spans = receiver.received().spans - spans
            receiver.step_aside()
            steady = _load(started.port, seconds, 1000 * CONNECTIONS // STEADY_RATE)
    return Cost(
        rps=seen.requests / seen.seconds,
        worker=(after[0] - before[0]) / seen.requests,
        observer=(after[1] - before[1]) / seen.requests, spans=100 * spans / seen.requests,
        steady_rps=steady.requests / steady.seconds,
        steady_p50=steady.p50, steady_p99=steady.p99,
    )  # fmt: skip


def measure(programs: Programs, servers: str, rounds: int, seconds: int) -> list[Row]:
    """Every variant of the families whose names begin with one of the comma-separated words ("" is
    all), `rounds` times in turn. One that fails is reported in its row and left out then."""
    words = tuple(word.strip() for word in servers.split(",") if word.strip())
    rows = [Row(v, []) for v in VARIANTS if not words or v.family.startswith(words)]
    for number in range(rounds):
        for row in rows:
            name = f"{row.variant.family}, {row.variant.telemetry}"
            print(f"overhead {number + 1}/{rounds}: {name}", file=sys.stderr)
            try:
                if not row.failure:
                    row.rounds.append(_measure(row.variant, programs, seconds))
            except (RuntimeError, OSError) as failure:
                row.failure = str(failure)
                print(row.failure, file=sys.stderr)
    return rows


def _base(rows: Sequence[Row], row: Row) -> Cost | None:
    """The same server with everything off."""
    for other in rows:
        if other.variant.family == row.variant.family and other.variant.telemetry == "off":
            return other.medians if other.rounds else None
    return None


def _line(rows: Sequence[Row], row: Row) -> str:
    start = f"{row.variant.family:<14}{row.variant.telemetry:<16}"
    if not row.rounds:
        return start + f"  failed: {row.failure.splitlines()[0]}"
    m, base = row.medians, _base(rows, row)
    added = f"{(m.worker + m.observer - base.worker - base.observer) * 1e6:.2f}" if base else "-"
    return (
        f"{start}{m.rps:>9.0f}{m.worker * 1e6:>11.2f}{m.observer * 1e6:>13.2f}"
        f"{added:>10}{m.spans:>8.1f}%{m.steady_rps:>12.0f}"
        f"{m.steady_p50 * 1e3:>8.2f}{m.steady_p99 * 1e3:>8.2f}"
    )


def table(rows: Sequence[Row]) -> str:
    """All rows, in their order."""
    return "\n".join([HEAD, *(_line(rows, row) for row in rows)])


def verdicts(rows: Sequence[Row]) -> list[tuple[bool, str]]:
    """What all telemetry of ours may add, against everything off."""
    found = []
    for row in rows:
        base = _base(rows, row)
        if row.variant.telemetry != "spans 100 %" or not row.rounds or not base:
            continue
        m, name = row.medians, row.variant.family
        worker, observer = (m.worker - base.worker) * 1e6, (m.observer - base.observer) * 1e6
        later = m.steady_p99 / base.steady_p99 - 1 if base.steady_p99 else 0.0
        found += [
            (worker <= WORKER_US, f"{name}, worker: {worker:+.2f} us, at most {WORKER_US}"),
            (
                observer <= OBSERVER_US,
                f"{name}, observer: {observer:+.2f} us, at most {OBSERVER_US}",
            ),
            (later <= P99, f"{name}, p99 of a steady load: {later:+.1%}, at most {P99:.0%}"),
        ]
    return found


def as_json(about: Mapping[str, Any], rows: Sequence[Row], settings: Mapping[str, Any]) -> str:
    """Each round of each variant, and the medians."""
    found = [
        {
            "server": row.variant.family,
            "telemetry": row.variant.telemetry,
            "medians": asdict(row.medians) if row.rounds else None,
            "rounds": [asdict(cost) for cost in row.rounds],
            "failure": row.failure,
        }
        for row in rows
    ]
    return json.dumps({"machine": about, "settings": dict(settings), "overhead": found}, indent=1)
