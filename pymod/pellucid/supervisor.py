"""The supervisor's Python side: it hands the configuration to the C loop, which does the rest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from . import _server
from .config import ConfigError, Effective

# What the C side takes: document, where its values come from, the document as JSON text, and a line
# for each warning, which goes to the log once that is open.
Reading = tuple[dict[str, Any], dict[str, str], str, str]


def run(effective: Effective, reread: Callable[[], Effective]) -> int:
    """Runs the server until it is told to stop; returns the exit status.

    effective: the configuration to start with. reread: reads it again for a reload; a ConfigError
    it raises is logged, and the server goes on as it was.
    """
    if not sys.executable:
        raise ConfigError("this Python does not know its own path (sys.executable is empty)")
    _open_standard_streams()
    return int(
        _server.supervise(
            _reading(effective),
            lambda: _reading(reread()),
            [sys.executable, *_interpreter_flags()],
            [sys.executable, *sys.orig_argv[1:]],
        )
    )


def _open_standard_streams() -> None:
    """Makes descriptors 0 to 2 exist: a socket of ours with one of their numbers would get what is
    meant for them (a log line, what the app prints)."""
    while (fd := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(fd, True)
    os.close(fd)


def _reading(effective: Effective) -> Reading:
    warnings = "\n".join(effective.warnings)
    return effective.doc, effective.sources, json.dumps(effective.doc), warnings


def _interpreter_flags() -> list[str]:
    """The flags this interpreter was started with (-X dev, -W error, -O ...), for our children."""
    flags: list[str] = getattr(subprocess, "_args_from_interpreter_flags")()  # noqa: B009
    return flags
