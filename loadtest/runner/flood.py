"""Every span of a steady load: sent by the server, counted on the wire, compared with requests."""

from __future__ import annotations

import json
import re
import socket
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from http.client import HTTPConnection

from runner import client
from runner.receiver import Receiver, receiving
from runner.servers import CLIENT_CPU, Programs, Server, pellucid, running

CONNECTIONS, TURNS = 40, 50  # turns a second, in each of which every connection sends a batch
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
HELLO = b"Hello, world!"
PATIENCE = 60.0  # seconds until the last span has arrived
DROPPED = re.compile(
    r"^(pellucid_spans_dropped_total|otel_sdk_(?:exporter|processor)_span_\w+_total)"
    r"(?:\{[^}]*error_type=\"(\w+)\"[^}]*\})? (\d+)$",
    re.MULTILINE,
)
REQUESTS = re.compile(r"^pellucid_requests_total (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Flood:
    """What was sent and what came of it. requests: as the server counts them, those that wait for
    its start included; dropped: by reason; rate: requests a second."""

    seconds: float
    rate: float
    answered: int
    requests: int
    received: int
    exported: int
    dropped: dict[str, int]

    @property
    def is_complete(self) -> bool:
        """Is every request a span on the wire, or a drop that is counted?"""
        return self.received + sum(self.dropped.values()) == self.requests

    def table(self) -> str:
        """The figures in words."""
        lost = ", ".join(f"{n} {reason}" for reason, n in self.dropped.items() if n) or "none"
        return (
            f"{self.answered} requests in {self.seconds:.1f} s ({self.rate:.0f} a second)\n"
            f"{self.requests} requests in the server's own count\n"
            f"{self.received} spans on the wire, {self.exported} in the server's own count\n"
            f"dropped: {lost}"
        )


def _server(url: str, admin_port: int) -> Server:
    sections = (
        f'[http]\naccess_log = "off"\n[admin]\nbind = "127.0.0.1:{admin_port}"\n'
        f'[trace]\nratio = 1.0\n[otlp]\nendpoint = "{url}"\nsignals = ["traces"]\n'
    )
    return Server("pellucid wsgi", "wsgi", pellucid("wsgi", sections))


def _read(sock: socket.socket, count: int) -> None:
    """Reads count answers, each of which ends with its body."""
    rest = b""
    while count > 0:
        piece = sock.recv(1 << 16)
        if not piece:
            raise RuntimeError("the server has closed a connection")
        whole, end, rest = (rest + piece).rpartition(HELLO)
        count -= whole.count(HELLO) + bool(end)


def _send(port: int, rate: int, seconds: int) -> tuple[int, float]:
    """Sends rate requests a second in batches; returns how many were answered, and in what time."""
    total, sent, begin = rate * seconds, 0, time.perf_counter()
    with ExitStack() as stack:
        socks = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            for _ in range(CONNECTIONS)
        ]
        for turn in range(TURNS * seconds):
            time.sleep(max(0.0, begin + turn / TURNS - time.perf_counter()))
            due = total * (turn + 1) // (TURNS * seconds) - sent
            shares = [
                due * (i + 1) // CONNECTIONS - due * i // CONNECTIONS for i in range(CONNECTIONS)
            ]
            for sock, share in zip(socks, shares, strict=True):
                sock.sendall(REQUEST * share)
            for sock, share in zip(socks, shares, strict=True):
                if share:
                    _read(sock, share)
            sent += due
    return sent, time.perf_counter() - begin


def _metrics(port: int) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def _counts(text: str) -> tuple[int, int, dict[str, int]]:
    """Requests, spans exported, and spans dropped by reason, as /metrics tells them."""
    match = REQUESTS.search(text)
    exported, dropped = 0, {}
    for name, reason, value in DROPPED.findall(text):
        if name == "pellucid_spans_dropped_total":
            dropped["ring_full"] = int(value)
        elif reason:
            dropped[reason] = int(value)
        elif "exported" in name:
            exported = int(value)
    return int(match.group(1)) if match else 0, exported, dropped


def _settle(port: int, receiver: Receiver) -> tuple[int, int, int, dict[str, int]]:
    """Waits until all is accounted for, or nothing has changed for a while."""
    end = time.monotonic() + PATIENCE
    while True:
        requests, exported, dropped = _counts(_metrics(port))
        received = receiver.received().spans
        if received + sum(dropped.values()) >= requests or time.monotonic() > end:
            return requests, received, exported, dropped
        time.sleep(0.5)


def flood(programs: Programs, rate: int, seconds: int) -> Flood:
    """A server at `rate` requests a second, all of them sampled, and a receiver of its spans."""
    admin_port = client.free_port()
    with (
        receiving(CLIENT_CPU) as receiver,
        running(_server(receiver.url, admin_port), "plain:hello_wsgi", programs) as started,
    ):
        answered, took = _send(started.port, rate, seconds)
        requests, received, exported, dropped = _settle(admin_port, receiver)
    return Flood(took, answered / took, answered, requests, received, exported, dropped)


def as_json(about: dict[str, object], found: Flood) -> str:
    """All of it."""
    return json.dumps({"machine": about, "flood": asdict(found)}, indent=1)
