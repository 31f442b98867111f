"""A real OpenTelemetry Collector: the upstream receiver and file exporter, built from Go sources."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from support.processes import wait_for
from support.target import ROOT

# The collector's sources are kept beside the repository, for all who test exporters.
SOURCES = Path(os.environ.get("PELLUCID_COLLECTOR", ROOT.parent / "shared" / "collector"))


def build(binary: Path) -> str:
    """Puts the collector at binary (a minute and a half the first time, then from the user's cache).

    Returns "" or why there is none.
    """
    if not (SOURCES / "build").exists():
        return f"no collector sources at {SOURCES} (PELLUCID_COLLECTOR names them)"
    done = subprocess.run(
        ["bash", str(SOURCES / "build"), str(binary)], capture_output=True, text=True, timeout=600
    )
    return "" if done.returncode == 0 else f"the collector cannot be built: {done.stderr[-400:]}"


class Collector:
    """A running collector. folder: scratch for what it writes."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self._binary = binary
        self._out, self._log = folder / "collector.jsonl", folder / "collector.log"
        self._spawn("0")

    def _spawn(self, port: str) -> None:
        env = os.environ | {
            "OTLP_HTTP_PORT": port, "OTLP_GRPC_PORT": "0", "OTLP_OUT": str(self._out),
        }  # fmt: skip
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(
                [str(self._binary), "--config", str(SOURCES / "collector.yaml")],
                env=env,
                stderr=log,
            )

    def __enter__(self) -> Collector:
        wait_for("the collector", lambda: "Everything is ready" in self._log.read_text(), 20)
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends it in good order: what it has accepted is written."""
        self._process.terminate()
        self._process.wait(10)

    def restart(self) -> None:
        """Starts it again after a stop, at the same address."""
        self._spawn(self.url.rpartition(":")[2])
        self.__enter__()

    @property
    def url(self) -> str:
        """Base endpoint for OTLP/HTTP, as otlp.endpoint has it."""
        for line in self._log.read_text().splitlines():
            said = json.loads(line)
            if said.get("msg") == "Starting HTTP server":
                return f"http://{said['endpoint']}"
        raise RuntimeError(f"the collector names no endpoint:\n{self._log.read_text()}")

    def received(self, key: str = "resourceSpans") -> list[dict[str, Any]]:
        """What it has accepted so far under key, one element a resource, as OTLP has it in JSON."""
        text = self._out.read_text() if self._out.exists() else ""
        complete = [line for line in text.split("\n")[:-1] if line]
        return [found for line in complete for found in json.loads(line).get(key, [])]

    def spans(self) -> list[dict[str, Any]]:
        """The spans it has accepted so far."""
        return [
            span
            for resource in self.received()
            for scope in resource["scopeSpans"]
            for span in scope["spans"]
        ]

    def metrics(self) -> list[dict[str, Any]]:
        """The metrics it has accepted so far, in order; a metric of each export."""
        return [
            metric
            for resource in self.received("resourceMetrics")
            for scope in resource["scopeMetrics"]
            for metric in scope["metrics"]
        ]

    def logs(self) -> list[dict[str, Any]]:
        """The log records it has accepted so far."""
        return [
            record
            for resource in self.received("resourceLogs")
            for scope in resource["scopeLogs"]
            for record in scope["logRecords"]
        ]

    def wait(self, count: int, timeout: float) -> list[dict[str, Any]]:
        """Waits up to timeout seconds for count spans; all that are there then."""
        return wait_for(
            f"{count} spans in the collector",
            lambda: self.spans() if len(self.spans()) >= count else None,
            timeout,
        )
