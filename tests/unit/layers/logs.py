"""The lines of the server's own log: each names an entry of tbl/logs.h, and each entry has a line.

Prints one line a fault and exits with 1 when there are any. (That no two entries share a code is
checked by the compiler.)
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TABLE = ROOT / "include" / "pellucid" / "tbl" / "logs.h"

ENTRY = re.compile(r'^PEL_LOG\((\w+), (\w+), (\w+), "(.+)"\)$')
CALL = re.compile(r"\bpel(?:_gateway)?_log(?:_block|_exception)?\((?!enum )\s*(\w+)?")
EVENT = re.compile(r"\.entry = PEL_LOG_(\w+)")
# What would write a line of its own: to standard error, past the log.
BYPASS = re.compile(r"\b(?:perror|PyErr_Print|dprintf)\(|\bfprintf\(stderr|STDERR_FILENO")
# The log itself; the access log, which only must not take descriptor 2.
MAY_BYPASS = ("src/base/log.c", "src/supervisor/access.c")
# Hands on what it is given.
PASSED_ON = "entry"


def entries() -> Iterator[tuple[str, str]]:
    """Name and code of each entry."""
    for line in TABLE.read_text().splitlines():
        if found := ENTRY.match(line):
            yield found[1], found[2]


def table_faults() -> Iterator[str]:
    """Faults of the codes themselves."""
    codes = [code for _, code in entries()]
    for code in codes:
        if not re.fullmatch(r"PEL[1-9]\d\d", code):
            yield f"{TABLE.name}: {code} is not of the form PEL123"
    if codes != sorted(codes):
        yield f"{TABLE.name}: the codes are not in order"


def call_faults(file: Path, text: str, used: set[str]) -> Iterator[str]:
    """Faults of the lines that a source file writes; adds the entries it names to used."""
    where = file.relative_to(ROOT)
    for found in CALL.finditer(text):
        name = found[1] or ""
        if name.startswith("PEL_LOG_") and name != "PEL_LOG_N":
            used.add(name.removeprefix("PEL_LOG_"))
        elif name != PASSED_ON:
            line = text.count("\n", 0, found.start()) + 1
            yield f"{where}:{line}: the line names no entry of tbl/logs.h"
    used.update(EVENT.findall(text))
    for found in BYPASS.finditer(text):
        if str(where) not in MAY_BYPASS:
            line = text.count("\n", 0, found.start()) + 1
            yield f"{where}:{line}: {found[0]} writes past the log"


def main() -> int:
    """Checks the tree; 0 or 1."""
    used: set[str] = set()
    faults = list(table_faults())
    for folder in ("src", "pymod"):
        for file in sorted((ROOT / folder).rglob("*.c")):
            faults += call_faults(file, file.read_text(), used)
    for name, code in entries():
        if name not in used:
            faults.append(f"{TABLE.name}: no line is about {name} ({code})")
    print("\n".join(faults) or f"{len(used)} lines have a code")
    return 1 if faults else 0


sys.exit(main())
