"""Starts a server that has no command line of its own: serve.py bjoern|fastpysgi APP PORT."""

from __future__ import annotations

import importlib
import sys


def main() -> None:
    """Serves until it is killed."""
    server, spec, port = sys.argv[1:]
    module, _, attribute = spec.partition(":")
    app = getattr(importlib.import_module(module), attribute)
    importlib.import_module(server).run(app, "127.0.0.1", int(port))


main()
