"""Writes a TOML file in the form that tests/fuzz/conf.c reads.

usage: conf_seed.py FILE.toml > corpus/conf/NAME
"""

from __future__ import annotations

import struct
import sys
import tomllib
from typing import Any

END, STRING, INT, FLOAT, TRUE, FALSE, ARRAY, TABLE = range(8)


def content(value: Any) -> bytes:
    """What follows the kind of a value."""
    if isinstance(value, bool):
        return b""
    if isinstance(value, int):
        return struct.pack("<q", value)
    if isinstance(value, float):
        return struct.pack("<d", value)
    if isinstance(value, str):
        text = value.encode()
        return bytes([len(text)]) + text
    if isinstance(value, list):
        return b"".join(bytes([kind(v)]) + content(v) for v in value) + bytes([END])
    items = (bytes([kind(v), len(k.encode())]) + k.encode() + content(v) for k, v in value.items())
    return b"".join(items) + bytes([END])


def kind(value: Any) -> int:
    """The byte before a value."""
    if isinstance(value, bool):
        return TRUE if value else FALSE
    kinds = {str: STRING, int: INT, float: FLOAT, list: ARRAY, dict: TABLE}
    return kinds[type(value)]


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:
        sys.stdout.buffer.write(content(tomllib.load(file)))
