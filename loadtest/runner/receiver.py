"""A receiver of OTLP over HTTP in a process of its own, which only counts what arrives."""

from __future__ import annotations

import gzip
import multiprocessing
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import NamedTuple

# ExportTraceServiceRequest.resource_spans, ResourceSpans.scope_spans, ScopeSpans.spans.
PATH = (1, 2, 2)


class Received(NamedTuple):
    """Of all requests to /v1/traces; bytes: compressed."""

    requests: int
    spans: int
    bytes: int


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def count_spans(data: bytes, path: tuple[int, ...] = PATH) -> int:
    """How many spans an ExportTraceServiceRequest has. Reads no further than it must."""
    return _count(memoryview(data).tobytes(), 0, len(data), path)


def _count(data: bytes, at: int, end: int, path: tuple[int, ...]) -> int:
    found = 0
    while at < end:
        tag, at = _varint(data, at)
        if tag & 7 == 2:
            length, at = _varint(data, at)
            if tag >> 3 == path[0]:
                found += _count(data, at, at + length, path[1:]) if path[1:] else 1
            at += length
        elif tag & 7 == 0:
            _, at = _varint(data, at)
        else:
            at += 8 if tag & 7 == 1 else 4
    return found


def _serve(pipe: Connection, cpu: int) -> None:
    """The process: sends its port, then Received for each message, until the other end closes."""
    os.sched_setaffinity(0, {cpu})
    requests = spans = size = 0
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            nonlocal requests, spans, size
            body = self.rfile.read(int(self.headers["Content-Length"]))
            raw = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
            if self.path == "/v1/traces":
                n = count_spans(raw)
                with lock:
                    requests, spans, size = requests + 1, spans + n, size + len(body)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """The results are not a web server's log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pipe.send(server.server_address[1])
    try:
        while pipe.recv():
            with lock:
                pipe.send(Received(requests, spans, size))
    except (EOFError, KeyboardInterrupt):
        pass


class Receiver:
    """The other side of that process. url: base endpoint, as otlp.endpoint has it."""

    def __init__(self, pipe: Connection, pid: int) -> None:
        self._pipe, self._pid = pipe, pid
        self.url = f"http://127.0.0.1:{pipe.recv()}"

    def step_aside(self) -> None:
        """It takes no more CPU time than others leave, so that a client which measures latencies on
        the same CPU does not measure this. Its later threads inherit that."""
        for thread in os.listdir(f"/proc/{self._pid}/task"):
            os.sched_setscheduler(int(thread), os.SCHED_IDLE, os.sched_param(0))

    def received(self) -> Received:
        """What has arrived so far."""
        self._pipe.send(True)
        return Received(*self._pipe.recv())


@contextmanager
def receiving(cpu: int) -> Iterator[Receiver]:
    """A receiver on that CPU."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, cpu), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Receiver(ours, process.pid or 0)
    finally:
        ours.close()
        process.join(5)
        if process.is_alive():
            process.kill()
