"""A WSGI app for tests of the transport: it sleeps, computes, reads and writes as it is told."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs

Environ = dict[str, Any]

heard: list[str] = []
begun = 0


def _on_usr2(*_: object) -> None:
    heard.append(threading.current_thread().name)


signal.signal(signal.SIGUSR2, _on_usr2)


def _hello(environ: Environ, n: float) -> bytes:
    return b"hello"


def _sleep(environ: Environ, n: float) -> bytes:
    print("falls asleep", file=sys.stderr, flush=True)
    time.sleep(n)
    return b"slept"


def _spin(environ: Environ, n: float) -> bytes:
    print("spins", file=sys.stderr, flush=True)
    end = time.thread_time() + n
    while time.thread_time() < end:
        pass
    return b"spun"


def _big(environ: Environ, n: float) -> bytes:
    print("answers", file=sys.stderr, flush=True)
    return b"x" * int(n)


def _echo(environ: Environ, n: float) -> bytes:
    return bytes(environ["wsgi.input"].read())


def _length(environ: Environ, n: float) -> bytes:
    """Reads the body in pieces of n bytes and gives its length."""
    total = 0
    while piece := environ["wsgi.input"].read(int(n)):
        total += len(piece)
    return str(total).encode()


def _threads(environ: Environ, n: float) -> bytes:
    here = threading.current_thread().name
    return f"{here} {sorted(t.name for t in threading.enumerate())}".encode()


def _heard(environ: Environ, n: float) -> bytes:
    return " ".join(heard).encode()


def _begun(environ: Environ, n: float) -> bytes:
    return str(begun).encode()


def _memory(environ: Environ, n: float) -> bytes:
    """Resident kibibytes of this process."""
    with open("/proc/self/statm") as statm:
        return str(int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024).encode()


def _address(environ: Environ, n: float) -> bytes:
    names = ("REMOTE_ADDR", "REMOTE_PORT", "SERVER_NAME", "SERVER_PORT")
    return " ".join(str(environ.get(name)) for name in names).encode()


def _ignore(environ: Environ, n: float) -> bytes:
    """Does not read the body."""
    return b"ignored"


PAGES: dict[str, Callable[[Environ, float], bytes]] = {
    "/hello": _hello,
    "/sleep": _sleep,
    "/spin": _spin,
    "/big": _big,
    "/echo": _echo,
    "/length": _length,
    "/threads": _threads,
    "/heard": _heard,
    "/begun": _begun,
    "/memory": _memory,
    "/address": _address,
    "/ignore": _ignore,
}


def _stream(n: int) -> Iterator[bytes]:
    """n pieces of 64 KiB; says on standard error how it ended."""
    try:
        for _ in range(n):
            yield b"s" * 65536
        print("stream: complete", file=sys.stderr, flush=True)
    except GeneratorExit:
        print("stream: closed", file=sys.stderr, flush=True)
        raise


def app(environ: Environ, start_response: Any) -> Iterable[bytes]:
    """GET /page?n=NUMBER."""
    global begun
    begun += 1
    n = float(parse_qs(environ["QUERY_STRING"]).get("n", ["0"])[0])
    path = environ["PATH_INFO"]
    if path == "/stream":
        start_response("200 OK", [("Content-Type", "application/octet-stream")])
        return _stream(int(n))
    page = PAGES.get(path)
    body = page(environ, n) if page else b"no such page"
    start_response("200 OK" if page else "404 Not Found", [("Content-Type", "text/plain")])
    return [body]
