"""Results as tables for people and as JSON for machines."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runner.measure import Row
from runner.scenarios import Scenario
from runner.servers import Programs

HEAD = f"{'server':<28}{'rps':>9}{'p50 ms':>9}{'p99 ms':>9}{'CPU us':>9}{'floor':>8}{'PSS MiB':>9}"


def floor_cpu(rows: Sequence[Row]) -> float | None:
    """CPU seconds a request of the floor server, where it took part."""
    found = [r.medians.cpu for r in rows if r.server.interface == "floor" and r.rounds]
    return found[0] if found else None


def _line(row: Row, floor: float | None) -> str:
    if not row.rounds:
        return f"{row.server.name:<28}  failed: {row.failure.splitlines()[0]}"
    m = row.medians
    ratio = f"{m.cpu / floor:.2f}x" if floor else "-"
    return (
        f"{row.server.name:<28}{m.rps:>9.0f}{m.p50 * 1e3:>9.2f}{m.p99 * 1e3:>9.2f}"
        f"{m.cpu * 1e6:>9.2f}{ratio:>8}{m.pss / 2**20:>9.1f}"
        + (f"  {m.errors} errors" if m.errors else "")
    )


def table(scenario: Scenario, rows: Sequence[Row]) -> str:
    """One scenario: the floor first, then by CPU time a request."""
    floor = floor_cpu(rows)

    def order(row: Row) -> tuple[bool, float]:
        return row.server.interface != "floor", row.medians.cpu if row.rounds else float("inf")

    lines = [f"{scenario.name}: {scenario.title}", HEAD]
    return "\n".join(lines + [_line(row, floor) for row in sorted(rows, key=order)])


def _versions(python: str) -> dict[str, str]:
    """Python and the packages in its environment."""
    code = (
        "import json, platform, importlib.metadata as m; print(json.dumps({'python': "
        "platform.python_version()} | {d.name: d.version for d in m.distributions()}))"
    )
    found = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return dict(json.loads(found.stdout))


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def machine(programs: Programs) -> dict[str, Any]:
    """Where and with what the figures were made."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": _cpu_model(),
        "cpus": os.cpu_count(),
        "kernel": platform.release(),
        "versions": _versions(programs.python),
    }


def as_json(
    about: Mapping[str, Any], results: Mapping[str, Sequence[Row]], settings: Mapping[str, Any]
) -> str:
    """Everything measured: each round of each server, and the medians."""
    scenarios = {
        name: {
            row.server.name: {
                "medians": asdict(row.medians) if row.rounds else None,
                "rounds": [asdict(figures) for figures in row.rounds],
                "failure": row.failure,
            }
            for row in rows
        }
        for name, rows in results.items()
    }
    return json.dumps(
        {"machine": about, "settings": dict(settings), "scenarios": scenarios}, indent=1
    )
