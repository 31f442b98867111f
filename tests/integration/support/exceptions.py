"""What a server has told of the exceptions of its app."""

from __future__ import annotations

import json
from typing import Any

from support.server import Server


def errors(running: Server) -> dict[tuple[str, int], dict[str, Any]]:
    """What /status lists, by type and line."""
    return {(e["type"], e["line"]): e for e in running.status()["errors"]}


def events(running: Server, *codes: str) -> list[dict[str, Any]]:
    """The log lines of those codes, by default that of exceptions of the app."""
    records = [json.loads(line) for line in running.log.splitlines() if line.startswith("{")]
    return [record for record in records if record["code"] in (codes or ("PEL501",))]
