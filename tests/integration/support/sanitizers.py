"""Reads what the sanitizers wrote and keeps what is ours."""

from __future__ import annotations

from pathlib import Path

OURS = ("/_server.", "/_observer.", "/pellucid/", "pel_")


def _is_our_leak(block: str) -> bool:
    """Does a frame of this leak lie in one of our modules?

    CPython's own objects reach the allocator through our calls too, and some live on at exit by
    design (interned strings, static types); those have the interpreter's allocator as their first
    frames, ours come straight from malloc.
    """
    frames = [line for line in block.splitlines() if line.lstrip().startswith("#")]
    return any(word in frame for frame in frames[:3] for word in OURS)


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
