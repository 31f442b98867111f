"""Runs one worker in this process: the child of the `worker` fixture.

python run_worker.py DOC APP FD CONTROL: the configuration as JSON, module:attribute, a listening
socket, and the worker's end of a control socket or -1.
"""

from __future__ import annotations

import importlib
import json
import sys


def main() -> None:
    """Imports the app as the server would and serves until SIGTERM."""
    doc, spec, fd = json.loads(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    sys.path[0] = doc["server"]["chdir"]
    server = importlib.import_module("pellucid._server")  # first, as in a template
    module, _, attribute = spec.partition(":")
    app = getattr(importlib.import_module(module), attribute)
    server.run_worker(doc, app, [fd], access_fd=1, control_fd=int(sys.argv[4]))


main()
