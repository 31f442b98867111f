"""What is tested: which Python runs Pellucid, from which build, and with which sanitizers."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
APPS = ROOT / "tests" / "apps"


@dataclass(frozen=True)
class Target:
    """The Pellucid under test.

    python: interpreter that runs it. pymod: `<builddir>/pymod`, or None when it is installed in
    python's environment. sanitize: as PEL_SANITIZE of the build ("" without). patience: what to
    multiply a time limit with.
    """

    python: str
    pymod: Path | None
    sanitize: str
    patience: float

    def command(self, *args: str) -> list[str]:
        """The command line of `pellucid ARGS`."""
        return [self.python, "-m", "pellucid", *args]

    def environment(self, scratch: Path, extra: dict[str, str] | None = None) -> dict[str, str]:
        """Environment for a process that loads the extension modules.

        scratch: folder for sanitizer reports (files `sanitizer.PID`). Variables that would change
        the configuration (OTEL_*, NOTIFY_SOCKET, LISTEN_*) are not inherited.
        """
        drop = ("OTEL_", "NOTIFY_SOCKET", "LISTEN_", "WATCHDOG_", "PYTHONPATH", "LD_PRELOAD")
        env = {k: v for k, v in os.environ.items() if not k.startswith(drop)}
        if self.pymod is not None:
            env["PYTHONPATH"] = str(self.pymod)
        if self.sanitize:
            env |= _sanitizer_environment(self.sanitize, scratch)
        return env | (extra or {})


def _sanitizer_environment(sanitize: str, scratch: Path) -> dict[str, str]:
    log = f"log_path={scratch / 'sanitizer'}"
    if "thread" in sanitize:
        # CPython is not instrumented: its own races are not seen, its locks are.
        suppressions = ROOT / "tests" / "tsan.supp"
        return {
            "LD_PRELOAD": _runtime("libtsan.so"),
            "TSAN_OPTIONS": f"{log}:exitcode=0:suppressions={suppressions}",
        }
    return {
        "LD_PRELOAD": _runtime("libasan.so"),
        "PYTHONMALLOC": "malloc",
        # As deep as it takes to see that an allocation is ours: each frame costs, each time.
        "ASAN_OPTIONS": f"{log}:detect_leaks=1:exitcode=99:allocator_may_return_null=1"
        ":malloc_context_size=10:symbolize=0",
        "UBSAN_OPTIONS": f"{log}:print_stacktrace=1",
        # Leaks are judged by support/sanitizers.py: CPython and extension modules have their own.
        "LSAN_OPTIONS": "exitcode=0:report_objects=0",
    }


@cache
def _runtime(name: str) -> str:
    found = subprocess.run(
        ["gcc", f"-print-file-name={name}"], check=True, capture_output=True, text=True
    )
    return os.path.realpath(found.stdout.strip())


def _sanitize_of(pymod: Path | None) -> str:
    cmake_cache = pymod.parent / "CMakeCache.txt" if pymod else None
    if cmake_cache is None or not cmake_cache.exists():
        return ""
    for line in cmake_cache.read_text().splitlines():
        if line.startswith("PEL_SANITIZE:"):
            return line.partition("=")[2]
    return ""


@cache
def target() -> Target:
    """The target chosen by the environment.

    PELLUCID_PYMOD names `<builddir>/pymod` (unset: Pellucid is installed), PELLUCID_PYTHON the
    interpreter (unset: the one that runs pytest).
    """
    named = os.environ.get("PELLUCID_PYMOD")
    pymod = Path(named).resolve() if named else None
    sanitize = _sanitize_of(pymod)
    return Target(
        python=os.environ.get("PELLUCID_PYTHON", sys.executable),
        pymod=pymod,
        sanitize=sanitize,
        patience=4.0 if sanitize else 1.0,
    )
