"""The WSGI app of tests/integration/test_wsgi.py: one function for each thing PEP 3333 speaks of.

GET /NAME runs the function NAME. What a test has to know from within is told by /told.
"""

import gc
import itertools
import json
import os
import sys
import tempfile
import threading
from wsgiref.validate import validator

TEXT = [("Content-Type", "text/plain")]

told = {"closed": 0, "calls": 0}
gate = threading.Event()
barrier = threading.Barrier(4, timeout=20)


def app(environ, start_response):
    told["calls"] += 1
    return globals()[environ["PATH_INFO"].split("/")[1]](environ, start_response)


def hello(environ, start_response):
    start_response("200 OK", TEXT)
    return [b"hello"]


def tell(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    gc.collect()
    with open("/proc/self/statm") as file:
        resident = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return [json.dumps(told | {"objects": len(gc.get_objects()), "resident": resident}).encode()]


def release(environ, start_response):
    gate.set()
    start_response("204 No Content", [])
    return []


def environ(environ, start_response):
    shown = {k: v for k, v in environ.items() if isinstance(v, (str, bool))}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(shown).encode()]


class Closing:
    """Counts its close()."""

    def __init__(self, pieces):
        self.pieces = pieces

    def __iter__(self):
        return iter(self.pieces)

    def close(self):
        told["closed"] += 1


def stream(environ, start_response):
    """The second piece is not made before the test has seen the first."""
    gate.clear()
    start_response("200 OK", TEXT)

    def pieces():
        yield b""
        yield b"first"
        gate.wait(20)
        yield b"second"

    return Closing(pieces())


def late_head(environ, start_response):
    """No head before the first piece that is not empty."""
    gate.clear()
    start_response("200 OK", TEXT)

    def pieces():
        yield b""
        gate.wait(20)
        yield b"x"

    return pieces()


def endless(environ, start_response):
    start_response("200 OK", TEXT)
    return Closing(itertools.repeat(b"x" * 65536))


def written(environ, start_response):
    gate.clear()
    write = start_response("200 OK", TEXT)
    write(b"written ")
    gate.wait(20)
    return [b"returned"]


def hints(environ, start_response):
    environ["wsgi.early_hints"]([("Link", "</a.css>; rel=preload")])
    start_response("200 OK", TEXT)
    return [b"x"]


def errors(environ, start_response):
    environ["wsgi.errors"].write("said by the app \u20ac\n")
    start_response("200 OK", TEXT)
    return [b"x"]


def together(environ, start_response):
    """Answers only when four requests are in here at once."""
    barrier.wait()
    start_response("200 OK", TEXT)
    return [b"x"]


def read_pieces(environ, start_response):
    """Lengths of what read(1000) gave, as a stream of the same length whatever the body."""
    stream, total = environ["wsgi.input"], 0
    while piece := stream.read(1000):
        total += len(piece)
    start_response("200 OK", TEXT)
    return [str(total).encode()]


def read_lines(environ, start_response):
    start_response("200 OK", TEXT)
    return [b"|".join(environ["wsgi.input"])]


def read_whole(environ, start_response):
    told["reads"] = told.get("reads", 0) + 1
    try:
        body = environ["wsgi.input"].read()
    except OSError as exc:
        told["read"] = type(exc).__name__
        raise
    start_response("200 OK", TEXT)
    return [body]


def file(environ, start_response):
    handle = tempfile.TemporaryFile()
    handle.write(b"0123456789" * 300_000)
    handle.seek(7)
    length = environ["QUERY_STRING"]
    start_response("200 OK", [("Content-Length", length)] if length else [])
    return environ["wsgi.file_wrapper"](handle)


def small_file(environ, start_response):
    start_response("200 OK", [])
    return environ["wsgi.file_wrapper"](open(__file__, "rb"))


def exits(environ, start_response):
    raise SystemExit(3)


def interrupts(environ, start_response):
    raise KeyboardInterrupt


def raises(environ, start_response):
    raise ValueError("the app is broken")


def raises_late(environ, start_response):
    start_response("200 OK", TEXT)
    yield b"some"
    raise ValueError("too late")


def raises_in_close(environ, start_response):
    class Body(Closing):
        def close(self):
            super().close()
            raise ValueError("in close")

    start_response("200 OK", TEXT)
    return Body([b"x"])


def exc_info_late(environ, start_response):
    start_response("200 OK", TEXT)
    yield b"some"
    try:
        raise KeyError("re-raised")
    except KeyError:
        start_response("500 Sorry", TEXT, sys.exc_info())
    yield b"never"


def keeps(environ, start_response):
    """Tries what it kept of the request before."""
    kept = told.pop("kept", None)
    outcome = []
    for use in kept or ():
        try:
            use()
            outcome.append("nothing")
        except RuntimeError as exc:
            outcome.append(str(exc))
    write = start_response("200 OK", TEXT)
    told["kept"] = (
        environ["wsgi.input"].read,
        lambda: write(b"x"),
        lambda: start_response("200 OK", []),
    )
    if kept:
        del told["kept"]
    return [json.dumps(outcome).encode()]


@validator
def validated(environ, start_response):
    body = environ["wsgi.input"].read(5)
    environ["wsgi.errors"].flush()
    start_response("200 OK", TEXT)
    if environ["QUERY_STRING"] == "stream":
        return iter([b"streamed ", body])
    if environ["QUERY_STRING"] == "raise":
        raise ValueError("within the validator")
    return [b"valid ", body]
