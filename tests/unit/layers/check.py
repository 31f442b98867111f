"""The shape of the C sources: which layer includes which, and how large files and functions are.

Prints one line a fault and exits with 1 when there are any.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

# Every contract header belongs to the layer that implements it.
HEADERS = {
    "base": "arena base buf err escape got hash hex ipc list log mem proc put time utf8 wire",
    "conf": "address conf",
    "http": "http record redact",
    "probe": "account attribute child cputime exception inflight instrument keyvalue logline method metrics probe resource ring series shm span vitals",
    "gateway": "gateway gilwait py request",
    "worker": "worker",
    "supervisor": "supervisor template",
    "observer": "observer",
}
LAYER_OF = {header: layer for layer, names in HEADERS.items() for header in names.split()}

# What a layer may include besides itself. Dependencies point one way; the observer shares nothing
# with those who serve but the shared memory and what describes it.
ORDER = ["base", "conf", "http", "probe", "gateway", "worker", "supervisor"]
ALLOWED = {layer: set(ORDER[: i + 1]) for i, layer in enumerate(ORDER)}
ALLOWED["observer"] = {"base", "conf", "http", "probe", "observer"}

FUNCTION_LINES = 60
FILE_LINES = 500

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def includes(file: Path) -> Iterator[tuple[int, str, bool]]:
    """Line number, name, and whether it is in quotes, of every #include of file."""
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if found := INCLUDE.match(line):
            yield number, found[2], found[1] == '"'


def layer_of(name: str, layer: str, folder: Path) -> str | None:
    """Layer of an included header; None when it cannot be told. layer: of who includes it."""
    if name.startswith("pellucid/tbl/"):
        return "base"
    if name.startswith("pellucid/"):
        return LAYER_OF.get(name.removeprefix("pellucid/").removesuffix(".h"))
    if "/" not in name or (folder / name).exists():
        return layer
    first = name.partition("/")[0]
    return first if first in ALLOWED else None


def arrows(file: Path, layer: str) -> Iterator[str]:
    """Faults in what a file of layer includes."""
    where = file.relative_to(ROOT)
    for number, name, is_quoted in includes(file):
        if name == "Python.h" and file.name != "py.h":
            yield f"{where}:{number}: Python.h is included through pellucid/py.h only"
        if not is_quoted or name.endswith(".pb-c.h"):
            continue
        target = layer_of(name, layer, file.parent)
        if target is None:
            yield f"{where}:{number}: {name} has no layer; name it in {Path(__file__).name}"
        elif target not in ALLOWED[layer]:
            yield f"{where}:{number}: {layer} must not include {name}, which is of {target}"


def sizes(file: Path) -> Iterator[str]:
    """Faults in the length of a file and of its functions (from `{` to `}` in column 0)."""
    where = file.relative_to(ROOT)
    lines = file.read_text().splitlines()
    if len(lines) > FILE_LINES:
        yield f"{where}: {len(lines)} lines, more than {FILE_LINES}: which part is its own subject?"
    start = 0
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            if number - start - 1 > FUNCTION_LINES:
                yield f"{where}:{start}: {number - start - 1} lines, more than {FUNCTION_LINES}"
            start = 0


def main() -> int:
    """Checks the tree; 0 or 1."""
    faults: list[str] = []
    for layer in ALLOWED:
        for file in sorted((ROOT / "src" / layer).rglob("*.[ch]")):
            faults += arrows(file, layer)
    for header, layer in LAYER_OF.items():
        file = ROOT / "include" / "pellucid" / f"{header}.h"
        faults += arrows(file, layer) if file.exists() else []
    for folder in ("src", "include", "pymod", "loadtest", "tests"):
        for kind in ("*.[ch]", "*.py"):
            for file in sorted((ROOT / folder).rglob(kind)):
                faults += sizes(file)
    print("\n".join(faults) or "the arrows point one way")
    return 1 if faults else 0


sys.exit(main())
