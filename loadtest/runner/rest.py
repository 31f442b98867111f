"""What a server costs when nothing happens, and whether much happening leaves traces."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from runner import client, processes
from runner.servers import CLIENT_CPU, Programs, Server, running

HELLO = {"wsgi": "plain:hello_wsgi", "asgi": "plain:hello_asgi", "floor": ""}
SETTLE = 2.0  # seconds until a server that was just started or loaded is at rest


def idle_rates(server: Server, programs: Programs, seconds: float) -> tuple[float, float]:
    """Wake-ups a second of all threads of all processes, and their share of a CPU, over `seconds`
    without a client. (A server that spins does not wake up: it never sleeps.)"""
    with running(server, HELLO[server.interface], programs) as started:
        time.sleep(SETTLE)
        before = processes.wake_ups(started.session), processes.cpu_seconds(started.session)
        time.sleep(seconds)
        after = processes.wake_ups(started.session), processes.cpu_seconds(started.session)
        return (after[0] - before[0]) / seconds, (after[1] - before[1]) / seconds


@contextmanager
def _open_connections(port: int, count: int) -> Iterator[list[socket.socket]]:
    """Opens connections that have each had one answer and are kept alive."""
    opened: list[socket.socket] = []
    try:
        for _ in range(count):
            opened.append(socket.create_connection(("127.0.0.1", port), timeout=10))
            opened[-1].sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            opened[-1].recv(4096)
        yield opened
    finally:
        for sock in opened:
            sock.close()


def connection_bytes(server: Server, programs: Programs, count: int) -> float:
    """Memory of the server's processes for each of `count` idle keep-alive connections.

    A first round, closed again, pays for what is allocated once.
    """
    with running(server, HELLO[server.interface], programs) as started:
        with _open_connections(started.port, min(10, count)):
            time.sleep(SETTLE)
        time.sleep(SETTLE)
        before = processes.anonymous_bytes(started.session)
        with _open_connections(started.port, count):
            time.sleep(SETTLE)
            return (processes.anonymous_bytes(started.session) - before) / count


def _load_until(port: int, requests: int) -> int:
    """Loads until at least that many requests were answered; at most 10 minutes."""
    answered, end = 0, time.monotonic() + 600
    while answered < requests and time.monotonic() < end:
        answered += client.load(port, "/", b"", 64, seconds=5, cpu=CLIENT_CPU).requests
    return answered


def leaked_bytes(server: Server, programs: Programs, requests: int) -> tuple[int, int]:
    """Growth of the server's own memory over at least `requests` requests.

    Returns the growth in bytes, and the number of requests. The first tenth is a warm-up.
    """
    with running(server, HELLO[server.interface], programs) as started:
        _load_until(started.port, requests // 10)
        time.sleep(SETTLE)
        before = processes.anonymous_bytes(started.session)
        answered = _load_until(started.port, requests)
        time.sleep(SETTLE)
        return processes.anonymous_bytes(started.session) - before, answered
