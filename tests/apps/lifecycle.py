"""A WSGI app that shows which process answers, and that can be slow, broken, or fatal.

BROKEN names a file: while it exists, importing this module fails.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import time
from collections.abc import Iterable
from typing import Any

if "BROKEN" in os.environ and os.path.exists(os.environ["BROKEN"]):
    raise RuntimeError("broken on purpose")
time.sleep(float(os.environ.get("IMPORT_SECONDS", "0")))
IMPORTED_IN = os.getpid()


def _tell(word: str) -> None:
    print(f"{word} in {os.getpid()}", file=sys.stderr, flush=True)


if "TELL" in os.environ:
    _tell("imported")
    atexit.register(_tell, "atexit")


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """/: pid of the worker; /sleep/SECONDS; /die/SIGNAL; /env/NAME; /who, /imported."""
    _, what, *argument = environ["PATH_INFO"].split("/")
    text = str(os.getpid())
    if what == "sleep":
        time.sleep(float(argument[0]))
    elif what == "die":
        os.kill(os.getpid(), int(argument[0]))
        signal.pause()
    elif what == "env":
        text = os.environ.get(argument[0], "")
    elif what == "who":
        text = f"{os.getuid()} {os.getgid()} {sorted(os.getgroups())} {os.environ.get('HOME')}"
    elif what == "imported":
        text = str(IMPORTED_IN)
    body = text.encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
