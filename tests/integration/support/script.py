"""Scripts that use `pellucid` outside the server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.target import ROOT, Target


def run_script(target: Target, folder: Path, code: str, *, built: bool) -> str:
    """What code prints; built=False: with the sources alone, without any extension module."""
    pymod = target.pymod if built else ROOT / "pymod"
    env = {"PYTHONPATH": str(pymod)} if pymod else {}
    done = subprocess.run(
        [target.python if built else sys.executable, "-c", code],
        env=target.environment(folder, env),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
