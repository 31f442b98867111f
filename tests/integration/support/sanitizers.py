"""Reads what the sanitizers wrote and keeps what is ours.

Processes do not symbolize their reports (target.py): each ends with leaks of CPython, and names for
those took most of the time of its end. Names are looked up here, for what needs them.
"""

from __future__ import annotations

import re
import subprocess
from bisect import bisect_right
from functools import cache
from pathlib import Path

from support.target import ROOT

OURS = (f"{ROOT}/src/", f"{ROOT}/pymod/", "/_server.", "/_observer.", "/_conf.")


FRAME = re.compile(r"\((/[^()]+)\+(0x[0-9a-f]+)\)")


@cache
def _functions(module: str) -> tuple[list[int], list[str]]:
    """Addresses and names of the functions of a module, in order; those of a stripped one, too."""
    found = {}
    for option in ("--dynamic", "--defined-only"):
        done = subprocess.run(["nm", option, module], capture_output=True, text=True)
        for fields in (line.split() for line in done.stdout.splitlines()):
            if len(fields) == 3 and fields[1] in "tTwWi":
                found[int(fields[0], 16)] = fields[2]
    return sorted(found), [found[address] for address in sorted(found)]


def _function(line: str) -> str:
    """Name of the function in a line of a stack; "" for one that has none."""
    frame = FRAME.search(line)
    if not frame:
        return ""
    addresses, names = _functions(frame[1])
    at = bisect_right(addresses, int(frame[2], 16))
    return names[at - 1] if at else ""


def _is_our_leak(block: str) -> bool:
    """Was this leak allocated by our code, or by the C API on its behalf?

    CPython and extension modules leave things behind at exit; what Python code allocates has the
    interpreter's loop between the allocator and us.
    """
    for line in block.splitlines():
        if any(word in line for word in OURS):
            return True
        if "PyEval_EvalFrame" in _function(line):
            return False
    return False


@cache
def _place(module: str, offset: str) -> str:
    """Function, file and line."""
    done = subprocess.run(["addr2line", "-fCpe", module, offset], capture_output=True, text=True)
    return done.stdout.strip() or "?"


def _named(block: str) -> str:
    """The same with the names of its frames."""
    return FRAME.sub(lambda frame: f"{_place(frame[1], frame[2])} {frame[0]}", block)


def _findings(text: str) -> list[str]:
    """The blocks of one report file that count: all but leaks of others."""
    if "LeakSanitizer" not in text:
        return [text] if text.strip() else []
    blocks = text.split("\n\n")
    leaks = [b for b in blocks if "leak of" in b]
    others = [b for b in blocks if "ERROR: AddressSanitizer" in b or "runtime error" in b]
    return others + [b for b in leaks if _is_our_leak(b)]


def reports(scratch: Path) -> list[str]:
    """All findings of the processes that ran with this scratch folder, as text."""
    found: list[str] = []
    for file in sorted(scratch.glob("sanitizer.*")):
        blocks = _findings(file.read_text(errors="replace"))
        found += [f"{file.name}:\n{_named(block)}" for block in blocks]
    return found
