"""`python -m pellucid.watcher`: in development, tells the supervisor that code has changed.

Started by the supervisor when server.reload is set. It never imports the app: it looks at the files
of the folders the app is imported from, and so sees the mending of code that cannot be imported.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Iterator, Sequence

from . import _server, application

INTERVAL_SECONDS = 0.5
FILES_MAX = 20_000
ENDINGS = (".py", ".toml")
SKIPPED = ("__pycache__", "node_modules", "site-packages", "dist-packages")

Times = dict[str, int]


def main(argv: Sequence[str] | None = None) -> int:
    """Watches until the supervisor closes the control socket; returns the exit status.

    argv: the arguments without the program, by default those of the process.
    """
    parser = argparse.ArgumentParser(prog="pellucid.watcher")
    parser.add_argument("--conf", type=int, required=True, help="memory file: the configuration")
    parser.add_argument("--control", type=int, required=True, help="socket to the supervisor")
    args = parser.parse_args(argv)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with os.fdopen(args.conf, encoding="utf-8") as file:
        doc = json.load(file)
    application.prepare(doc)
    with socket.socket(fileno=args.control) as control:
        _watch(control, _folders())
    return 0


def _watch(control: socket.socket, folders: list[str]) -> None:
    before = _times(folders)
    while not select.select([control], [], [], INTERVAL_SECONDS)[0] or _server.hear(
        control.fileno()
    ):
        now = _times(folders)
        changed = sorted(dict(now.items() ^ before.items()))
        if changed:
            _server.changed(control.fileno(), os.path.relpath(changed[0]))
        before = now


def _folders() -> list[str]:
    """Where the app's own modules are: sys.path without what is installed."""
    installed = (sys.prefix, sys.base_prefix, os.path.dirname(os.path.dirname(__file__)))
    return [
        path
        for path in map(os.path.abspath, sys.path)
        if os.path.isdir(path) and not any(_is_below(path, folder) for folder in installed)
    ]


def _is_below(path: str, folder: str) -> bool:
    return os.path.commonpath([os.path.realpath(path), os.path.realpath(folder)]) == (
        os.path.realpath(folder)
    )


def _times(folders: list[str]) -> Times:
    """Modification times in ns of the files that count, by path."""
    times: Times = {}
    for path in _files(folders):
        try:
            times[path] = os.stat(path).st_mtime_ns
        except OSError:
            continue  # gone meanwhile
        if len(times) >= FILES_MAX:
            break
    return times


def _files(folders: list[str]) -> Iterator[str]:
    for top in folders:
        for folder, names, files in os.walk(top):
            names[:] = [n for n in names if n not in SKIPPED and not n.startswith(".")]
            if "pyvenv.cfg" in files:
                names.clear()
                continue
            yield from (os.path.join(folder, n) for n in files if n.endswith(ENDINGS))


if __name__ == "__main__":
    sys.exit(main())
