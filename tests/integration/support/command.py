"""One run of the command line that ends by itself."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.target import Target


@dataclass(frozen=True)
class Ran:
    """A command that has ended: exit status and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it wrote to standard output, as JSON."""
        return json.loads(self.out)


class Command:
    """Runs `pellucid ARGS` in a folder.

    Command(target, folder)("check", file=..., env=...): file is the text of ./pellucid.toml.
    """

    def __init__(self, target: Target, folder: Path) -> None:
        self.target = target
        self.folder = folder

    def __call__(
        self, *args: str, file: str | None = None, env: dict[str, str] | None = None
    ) -> Ran:
        """Runs the command and waits for its end; raises subprocess.TimeoutExpired."""
        path = self.folder / "pellucid.toml"
        path.unlink(missing_ok=True)
        if file is not None:
            path.write_text(file)
        ended = subprocess.run(
            self.target.command(*args),
            cwd=self.folder,
            env=self.target.environment(self.folder, env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30 * self.target.patience,
            check=False,
        )
        return Ran(ended.returncode, ended.stdout, ended.stderr)

    def values(self, *args: str, file: str | None = None, **env: str) -> dict[str, tuple[Any, str]]:
        """(value, source) of every directive, by name, as `pellucid config --json` has them."""
        ran = self("config", "--json", *args, file=file, env=env)
        if ran.status != 0:
            raise RuntimeError(ran.err)
        return {k: (v["value"], v["source"]) for k, v in ran.json["values"].items()}
