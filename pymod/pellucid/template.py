"""`python -m pellucid.template`: the process that workers are forked from, and each worker.

Started by the supervisor, not by people: everything it needs comes as inherited descriptors.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

from . import _server, application

EXIT_FAULT = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the template until the supervisor lets go of it, and in each child a worker.

    argv: the arguments without the program, by default those of the process. Returns the exit
    status of a worker; the template itself ends here.
    """
    args = _parser().parse_args(argv)
    with os.fdopen(args.conf, encoding="utf-8") as file:
        doc = json.load(file)
    _server.template_open(doc, args.control, args.shm, args.event, args.access, args.listen)
    # The app must not take our arguments for its own.
    sys.argv = ["pellucid"]
    app = None
    try:
        application.prepare(doc)
        if doc["server"].get("preload"):
            app = _load(doc)
    except BaseException as error:  # also SystemExit: an app may call exit() when it is imported
        _report(error)
        return EXIT_FAULT
    # Workers share these pages for as long as no collection touches them.
    gc.collect()
    gc.freeze()
    if not _server.template_serve():
        _leave()
    return _work(doc, app)


def _load(doc: dict[str, Any]) -> Any:
    """The app. One that may use our API has it before its first request, which may use it in a
    thread: too late for the request to be known there."""
    app = application.load(doc["server"]["app"])
    if application.imports_pellucid():
        importlib.import_module("pellucid.api")
    return app


def _work(doc: dict[str, Any], app: Any) -> int:
    """The worker: imports the app unless the template has, and serves it; the exit status."""
    if app is None:
        try:
            app = _load(doc)
        except BaseException as error:
            _report(error)
            return EXIT_FAULT
    return 0 if _server.work(app) else EXIT_FAULT


def _leave() -> None:
    """Ends the template without atexit: a preloaded app's handlers are the workers' to run."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _report(error: BaseException) -> None:
    """Tells the supervisor why the app cannot be had, with the traceback of the app's part."""
    if isinstance(error, application.ApplicationError):
        _server.start_failed(str(error), "")
        return
    why = traceback.format_exception_only(error)[-1].strip()
    text = traceback.format_exception(type(error), error, application.frames(error))
    _server.start_failed(why, "".join(text))


def _descriptors(text: str) -> list[int]:
    """Numbers separated by commas."""
    return [int(number) for number in text.split(",") if number]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pellucid.template")
    parser.add_argument("--conf", type=int, required=True, help="memory file: the configuration")
    parser.add_argument("--control", type=int, required=True, help="socket to the supervisor")
    parser.add_argument("--shm", type=int, required=True, help="the shared memory")
    parser.add_argument("--event", type=int, required=True, help="eventfd that wakes the observer")
    parser.add_argument("--access", type=int, default=-1, help="the access log; -1: none")
    parser.add_argument("--listen", type=_descriptors, required=True, help="listening sockets")
    return parser


if __name__ == "__main__":
    sys.exit(main())
