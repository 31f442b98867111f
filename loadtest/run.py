"""The load test: Pellucid, its peers and the floor, side by side on this machine.

    ./dev bench                                   every server, every scenario
    ./dev bench compare --servers pellucid,floor --scenarios hello,one --rounds 3
    ./dev bench idle | connections | leak         at rest, and afterwards
    ./dev bench scrape                            reading /metrics
    ./dev bench overhead                          what telemetry costs, and that of peers
    ./dev bench flood                             every span of a steady load, counted

`loadtest/README.md` says what the figures mean.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from runner import flood, overhead, report, rest, scrape, targets
from runner.measure import Row, compare
from runner.scenarios import SCENARIOS, Scenario
from runner.servers import ROOT, SERVERS, Programs, Server

MOST_SECONDS, MOST_ROUNDS, MOST_REQUESTS = 60, 20, 5_000_000


def _servers(wanted: str) -> list[Server]:
    """Servers whose names begin with one of the comma-separated words; "" is all."""
    words = tuple(word.strip() for word in wanted.split(",") if word.strip())
    return [server for server in SERVERS if not words or server.name.startswith(words)]


def _scenarios(wanted: str) -> list[Scenario]:
    words = {word.strip() for word in wanted.split(",") if word.strip()}
    unknown = words - {scenario.name for scenario in SCENARIOS}
    if unknown:
        known = ", ".join(scenario.name for scenario in SCENARIOS)
        raise SystemExit(f"no scenario {', '.join(unknown)}; there are {known}")
    return [scenario for scenario in SCENARIOS if not words or scenario.name in words]


def _programs(args: argparse.Namespace) -> Programs:
    return Programs(args.python, args.floor)


def _tell(verdicts: Sequence[tuple[bool, str]]) -> bool:
    """Prints the verdicts; whether all targets were reached. Not where none could be judged."""
    for is_reached, line in verdicts:
        print("ok    " if is_reached else "MISSED", line)
    return bool(verdicts) and all(is_reached for is_reached, _ in verdicts)


def run_compare(args: argparse.Namespace, servers: Sequence[Server]) -> int:
    """Prints a table a scenario, then the targets; 1 with --check when one is missed."""
    results: dict[str, list[Row]] = {}
    for scenario in _scenarios(args.scenarios):
        rows = compare(scenario, servers, _programs(args), args.rounds, args.seconds)
        results[scenario.name] = rows
        print(report.table(scenario, rows), end="\n\n", flush=True)
    reached = _tell(list(targets.verdicts(results)))
    if args.json:
        settings = {"rounds": args.rounds, "seconds": args.seconds}
        about = report.machine(_programs(args))
        Path(args.json).write_text(report.as_json(about, results, settings))
    failed = any(row.failure for rows in results.values() for row in rows)
    return 1 if failed or (args.check and not reached) else 0


def _at_rest(servers: Sequence[Server], measure: Callable[[Server], str]) -> int:
    """Prints a line a server; 1 when one of them failed."""
    failed = 0
    for server in servers:
        try:
            line = measure(server)
        except (RuntimeError, OSError) as failure:
            line, failed = f"  failed: {failure}", 1
        print(f"{server.name:<28}{line}", flush=True)
    return failed


def run_idle(args: argparse.Namespace, servers: Sequence[Server]) -> int:
    """Wake-ups of servers without a client."""

    def measure(server: Server) -> str:
        wake_ups, cpu = rest.idle_rates(server, _programs(args), args.seconds)
        return f"{wake_ups:>9.1f} wake-ups a second, {cpu:.1%} of a CPU"

    return _at_rest(servers, measure)


def run_connections(args: argparse.Namespace, servers: Sequence[Server]) -> int:
    """Memory of idle connections."""

    def measure(server: Server) -> str:
        size = rest.connection_bytes(server, _programs(args), args.count)
        return f"{size:>9.0f} bytes a connection"

    return _at_rest(servers, measure)


def run_leak(args: argparse.Namespace, servers: Sequence[Server]) -> int:
    """Growth over many requests."""

    def measure(server: Server) -> str:
        grown, requests = rest.leaked_bytes(server, _programs(args), args.requests)
        return f"{grown / 1024:>9.0f} KiB more after {requests} requests"

    return _at_rest(servers, measure)


def run_scrape(args: argparse.Namespace, servers: Sequence[Server]) -> int:
    """Cost of a scrape of /metrics; 1 with --check when it takes too long."""
    found = scrape.costs(_programs(args), args.workers, args.routes)
    for name, cost in found.items():
        print(cost.line(name), flush=True)
    is_reached = _tell(
        [
            (
                all(cost.ms <= scrape.MOST_MS for cost in found.values()),
                f"a scrape takes at most {scrape.MOST_MS:.0f} ms",
            ),
            (
                all(cost.streams >= args.routes for cost in found.values()),
                f"every scrape shows all of the {args.routes} routes",
            ),
        ]
    )
    return 1 if args.check and not is_reached else 0


def run_overhead(args: argparse.Namespace, servers: Sequence[Server]) -> int:
    """A table, then the targets; 1 with --check when one is missed, and when a server failed."""
    programs = _programs(args)
    rows = overhead.measure(programs, args.servers, args.rounds, args.seconds, args.turns)
    print(overhead.table(rows), end="\n\n", flush=True)
    is_reached = _tell(overhead.verdicts(rows))
    if args.json:
        settings = {"rounds": args.rounds, "seconds": args.seconds, "turns": args.turns}
        Path(args.json).write_text(overhead.as_json(report.machine(programs), rows, settings))
    is_missed = args.check and not is_reached
    return 1 if is_missed or any(row.failure for row in rows) else 0


def run_flood(args: argparse.Namespace, servers: Sequence[Server]) -> int:
    """The figures of a flood; 1 when a span is neither on the wire nor counted as dropped."""
    programs = _programs(args)
    found = flood.flood(programs, args.rate, args.seconds)
    print(found.table())
    print("ok    " if found.is_complete else "MISSED", "every request is a span, or a counted drop")
    if args.json:
        Path(args.json).write_text(flood.as_json(report.machine(programs), found))
    return 0 if found.is_complete else 1


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--servers", default="", help="beginnings of names, with commas")
    python = str(ROOT / ".cache/peers/bin/python")
    common.add_argument("--python", default=python, help="has Pellucid and its peers")
    common.add_argument("--floor", default=str(ROOT / "build/release/loadtest/pel_floor"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)

    one = commands.add_parser("compare", parents=[common], help="the tables (the default)")
    one.add_argument("--scenarios", default="", help="names, with commas")
    one.add_argument("--rounds", type=int, default=5)
    one.add_argument("--seconds", type=int, default=4, help="of each measurement")
    one.add_argument("--json", help="file for all figures")
    one.add_argument("--check", action="store_true", help="fail when a target is missed")
    one.set_defaults(run=run_compare)
    one = commands.add_parser("idle", parents=[common], help="wake-ups without a client")
    one.add_argument("--seconds", type=int, default=10)
    one.set_defaults(run=run_idle)
    one = commands.add_parser("connections", parents=[common], help="memory of idle connections")
    one.add_argument("--count", type=int, default=5000)
    one.set_defaults(run=run_connections)
    one = commands.add_parser("leak", parents=[common], help="growth over many requests")
    one.add_argument("--requests", type=int, default=1_000_000)
    one.set_defaults(run=run_leak)
    one = commands.add_parser("scrape", parents=[common], help="the cost of reading /metrics")
    one.add_argument("--routes", type=int, default=500)
    one.add_argument("--workers", type=int, default=8)
    one.add_argument("--check", action="store_true", help="fail when the target is missed")
    one.set_defaults(run=run_scrape)
    one = commands.add_parser("overhead", parents=[common], help="what telemetry costs")
    one.add_argument("--rounds", type=int, default=5)
    one.add_argument("--seconds", type=int, default=4, help="of each measurement")
    one.add_argument("--turns", type=int, default=10, help="of a steady load, in each round")
    one.add_argument("--json", help="file for all figures")
    one.add_argument("--check", action="store_true", help="fail when a target is missed")
    one.set_defaults(run=run_overhead)
    one = commands.add_parser("flood", parents=[common], help="every span of a steady load")
    one.add_argument("--rate", type=int, default=20_000, help="requests a second")
    one.add_argument("--seconds", type=int, default=60)
    one.add_argument("--json", help="file for all figures")
    one.set_defaults(run=run_flood)
    return parser


def _check_bounds(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    bounds = {
        "seconds": MOST_SECONDS, "rounds": MOST_ROUNDS, "requests": MOST_REQUESTS, "count": 15_000,
        "routes": 1000, "workers": 32, "rate": 100_000,
    }  # fmt: skip
    for name, most in bounds.items():
        if not 1 <= getattr(args, name, 1) <= most:
            parser.error(f"--{name} is 1 to {most}")


def main(arguments: list[str]) -> int:
    """Runs the command of the arguments; exit code."""
    parser = _parser()
    has_command = bool(arguments) and (arguments[0][0] != "-" or arguments[0] in ("-h", "--help"))
    args = parser.parse_args(arguments if has_command else ["compare", *arguments])
    _check_bounds(parser, args)
    if (os.cpu_count() or 1) < 2:
        parser.error("needs two CPUs: one for the server, one for the client")
    servers = _servers(args.servers)
    if not servers:
        parser.error(f"--servers: none begins so; there are {', '.join(s.name for s in SERVERS)}")
    return int(args.run(args, servers))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
