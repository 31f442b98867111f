"""`python -m pellucid.observer`: the process that exports and answers on the admin address.

Started by the supervisor, not by people: everything it needs comes as inherited descriptors.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence

from . import _observer


def _descriptors(text: str) -> list[int]:
    """Numbers separated by commas; none when text is empty."""
    return [int(number) for number in text.split(",") if number]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pellucid.observer")
    parser.add_argument("--conf", type=int, required=True, help="memory file: the configuration")
    parser.add_argument("--control", type=int, default=-1, help="socket to the supervisor")
    parser.add_argument("--shm", type=int, required=True, help="the shared memory")
    parser.add_argument("--event", type=int, required=True, help="eventfd that wakes the observer")
    parser.add_argument("--admin", type=_descriptors, default=[], help="listening sockets")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the observer until the supervisor lets go of it; returns the exit status.

    argv: the arguments without the program, by default those of the process.
    """
    args = _parser().parse_args(argv)
    with os.fdopen(args.conf, encoding="utf-8") as file:
        doc = json.load(file)
    try:
        _observer.run(doc, args.shm, args.event, args.control, args.admin)
    except RuntimeError:
        return 1  # it has been logged
    return 0


if __name__ == "__main__":
    sys.exit(main())
