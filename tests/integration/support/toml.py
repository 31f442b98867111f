"""Writes TOML: the standard library only reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(k)} = {_value(v)}" for k, v in value.items()) + " }"
    raise TypeError(f"no TOML for {value!r}")


def dumps(document: Mapping[str, Any]) -> str:
    """The document, a dict of sections, as TOML; a list of dicts becomes [[section]]s."""
    lines: list[str] = []
    for name, section in document.items():
        tables = section if isinstance(section, list) else [section]
        head = f"[[{name}]]" if isinstance(section, list) else f"[{name}]"
        for table in tables:
            lines.append(head)
            lines += [f"{key} = {_value(value)}" for key, value in table.items()]
            lines.append("")
    return "\n".join(lines)
