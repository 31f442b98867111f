"""Reads what the sanitizers wrote and keeps what is ours."""

from __future__ import annotations

from pathlib import Path

from support.target import ROOT

OURS = (f"{ROOT}/src/", f"{ROOT}/pymod/", "/_server.", "/_observer.", "/_conf.")


def _is_our_leak(block: str) -> bool:
    """Was this leak allocated by our code, or by the C API on its behalf?

    CPython and extension modules leave things behind at exit; what Python code allocates has the
    interpreter's loop between the allocator and us.
    """
    for line in block.splitlines():
        if "PyEval_EvalFrame" in line:
            return False
        if any(word in line for word in OURS):
            return True
    return False


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
        found += [f"{file.name}:\n{block}" for block in _findings(file.read_text(errors="replace"))]
    return found
