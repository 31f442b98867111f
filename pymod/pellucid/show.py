"""`pellucid config`: every effective value and where it came from."""

from __future__ import annotations

import json
import re
from typing import Any

from . import directives, toml
from .config import Effective
from .directives import Directive

MASK = "***"


def as_text(effective: Effective) -> str:
    """The values as a pellucid.toml, with the source of each behind it."""
    lines: list[str] = []
    for name, table in directives.sections().items():
        lines += [f"[{name}]", *_aligned(_line(effective, d) for d in table), ""]
    for route in effective.doc.get("route", []):
        lines += ["[[route]]", *(f"{k} = {toml.dumps(v)}" for k, v in route.items()), ""]
    return "\n".join(lines[:-1]) + "\n"


def as_json(effective: Effective) -> str:
    """{"values": {name: {"value": ..., "source": ...}}, "routes": [...]}"""
    values = {
        d.name: {"value": _shown(effective, d), "source": _origin(effective, d)}
        for table in directives.sections().values()
        for d in table
    }
    document = {"values": values, "routes": effective.doc.get("route", [])}
    return json.dumps(document, indent=2) + "\n"


def _line(effective: Effective, directive: Directive) -> tuple[str, str]:
    value = toml.dumps(_shown(effective, directive))
    return f"{directive.key} = {value}", _origin(effective, directive)


def _aligned(lines: Any) -> list[str]:
    pairs = list(lines)
    width = min(max(len(left) for left, _ in pairs), 60)
    return [f"{left:{width}}  # {right}" for left, right in pairs]


def _shown(effective: Effective, directive: Directive) -> Any:
    section = effective.doc.get(directive.section, {})
    value = section.get(directive.key, directive.default_value())
    if directive.key.endswith("endpoint"):
        return _without_credentials(value)
    if not directive.is_secret:
        return value
    return dict.fromkeys(value, MASK) if isinstance(value, dict) else (value and MASK)


def _without_credentials(url: str) -> str:
    """A password before the host and a key in the query are nobody's business."""
    return re.sub(r"\?.+", f"?{MASK}", re.sub("//[^/?#]*@", f"//{MASK}@", url))


def _origin(effective: Effective, directive: Directive) -> str:
    """The source; of a table whose pairs have several, all of them."""
    origins = [effective.source(directive.name)]
    value = effective.doc.get(directive.section, {}).get(directive.key)
    if isinstance(value, dict):
        origins = [_kind(effective.source(f"{directive.name}.{pair}")) for pair in value]
        return ", ".join(dict.fromkeys(origins)) or _kind(effective.source(directive.name))
    return _kind(origins[0])


def _kind(source: str) -> str:
    if source == "default":
        return source
    if source.startswith("--") or source == "APP":
        return f"flag {source}"
    return f"environment {source}" if source.startswith("OTEL_") else f"file {source}"
