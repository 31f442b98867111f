"""Values as TOML text: the standard library only reads it."""

from __future__ import annotations

import json
import re
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def dumps(value: Any) -> str:
    """value (str, int, float, bool, list, dict) as one line of TOML."""
    if isinstance(value, dict):
        items = ", ".join(f"{key(name)} = {dumps(item)}" for name, item in value.items())
        return f"{{ {items} }}" if items else "{}"
    if isinstance(value, list):
        return f"[{', '.join(dumps(item) for item in value)}]"
    # A JSON string is a TOML string (but for DEL, which JSON leaves as it is).
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def key(name: str) -> str:
    """name as a key, in quotes where it needs them."""
    return name if _BARE.fullmatch(name) else dumps(name)
