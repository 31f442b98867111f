"""What the tests of both gateways share."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"


@contextmanager
def logged() -> Iterator[list[str]]:
    """Collects what is written to descriptor 2; the list holds it, whole, at the end."""
    text: list[str] = []
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield text
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            file.seek(0)
            text.append(file.read().decode(errors="replace"))
