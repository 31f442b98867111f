"""`pellucid check`: the file is valid already; can its app be imported, and what is it?"""

from __future__ import annotations

import sys
import time
import traceback

from . import _server, application
from .config import Effective


def run(effective: Effective) -> int:
    """Imports the app in this process and says what was found; returns the exit status."""
    print(f"{effective.sources['']}: valid")
    spec = effective.doc.get("server", {}).get("app", "")
    if not spec:
        print("no app is set (server.app)")
        return 0
    start = time.monotonic()
    try:
        application.prepare(effective.doc)
        app = application.load(spec)
    except application.ApplicationError as error:
        print(error, file=sys.stderr)
        return 1
    except (Exception, SystemExit) as error:
        print(f'app "{spec}": the import failed', file=sys.stderr)
        traceback.print_exception(type(error), error, application.frames(error))
        return 1
    seconds = time.monotonic() - start
    try:
        interface = _server.interface(effective.doc, app)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    made_with = application.framework(app) or "no framework known to Pellucid"
    print(f"{spec}: {interface.upper()}, {made_with}, imported in {seconds:.2f} s")
    return 0
