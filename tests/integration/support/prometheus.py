"""A real Prometheus and its promtool, built from Go modules: the judges of /metrics."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from support.processes import wait_for
from support.running import free_port

VERSION = "v0.316.0"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "pellucid-tests"


def build() -> tuple[Path | None, str]:
    """The folder with promtool and prometheus (two to three minutes the first time, then from the
    user's cache), or None and why there is none."""
    folder = CACHE / f"prometheus-{VERSION}-{os.uname().machine}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "prometheus.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the processes of pytest-xdist build it once
        if (folder / "prometheus").exists() and (folder / "promtool").exists():
            return folder, ""
        go = shutil.which("go")
        if go is None:
            return None, "Prometheus is built with Go, and there is no go in PATH"
        done = subprocess.run(
            [
                go, "install", "-tags", "remove_all_sd", "-trimpath",
                f"github.com/prometheus/prometheus/cmd/promtool@{VERSION}",
                f"github.com/prometheus/prometheus/cmd/prometheus@{VERSION}",
            ],
            env=os.environ | {"CGO_ENABLED": "0", "GOBIN": str(folder)},
            capture_output=True,
            text=True,
            timeout=1500,
        )  # fmt: skip
    if done.returncode != 0:
        return None, f"Prometheus cannot be built: {done.stderr[-400:]}"
    return folder, ""


def check(folder: Path, text: str) -> tuple[int, str]:
    """`promtool check metrics` of an exposition in the text format: exit status and what it says.

    Status 1: it cannot be parsed; 3: the linter has something to say.
    """
    done = subprocess.run(
        [str(folder / "promtool"), "check", "metrics"],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


class Prometheus:
    """A running Prometheus. binaries: as build gives them; folder: its scratch.

    scrape: addresses ("host:port") whose /metrics is read every `interval` seconds, in the formats
    of protocols. It takes OTLP at `url`/api/v1/otlp in any case.
    """

    def __init__(
        self,
        binaries: Path,
        folder: Path,
        scrape: tuple[str, ...] = (),
        protocols: tuple[str, ...] = ("PrometheusText0.0.4",),
        interval: str = "200ms",
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.url = f"http://127.0.0.1:{free_port()}"
        self._log = folder / "prometheus.log"
        config = {
            "global": {"scrape_interval": interval, "scrape_timeout": interval},
            "storage": {"exemplars": {"max_exemplars": 1000}},
            "scrape_configs": [
                {
                    "job_name": "pellucid",
                    "scrape_protocols": list(protocols),
                    "static_configs": [{"targets": list(scrape)}],
                }
            ]
            if scrape
            else [],
        }
        (folder / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(
                [
                    str(binaries / "prometheus"),
                    f"--config.file={folder}/prometheus.yml",
                    f"--storage.tsdb.path={folder}/data",
                    f"--web.listen-address={self.url.removeprefix('http://')}",
                    "--web.enable-otlp-receiver",
                    "--enable-feature=exemplar-storage",
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Prometheus:
        try:
            wait_for(f"Prometheus ({self._log})", self._is_ready, 60, 0.1)
        except TimeoutError as fault:
            self.__exit__()
            raise TimeoutError(f"{fault}:\n{self._log.read_text()[-2000:]}") from None
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.terminate()
        self._process.wait(30)

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"{self.url}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def api(self, path: str, **parameters: str) -> Any:
        """`data` of what /api/v1/PATH answers; raises OSError (urllib's) where it refuses."""
        address = f"{self.url}/api/v1/{path}?{urlencode(parameters)}"
        with urlopen(address, timeout=20) as answer:
            return json.load(answer)["data"]

    def query(self, promql: str) -> dict[str, float]:
        """An instant query: the value of each series, under its labels as JSON with sorted keys."""
        return {
            json.dumps(found["metric"], sort_keys=True): float(found["value"][1])
            for found in self.api("query", query=promql)["result"]
        }

    def value(self, promql: str) -> float | None:
        """The one value of an instant query; None where it gives none."""
        found = self.query(promql)
        if len(found) > 1:
            raise ValueError(f"{promql}: {len(found)} series")
        return next(iter(found.values()), None)
