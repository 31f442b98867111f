"""What a scrape of /metrics costs with many routes and workers, and whether workers notice."""

from __future__ import annotations

import http.client
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from runner import client, processes
from runner.servers import Programs, Server, Started, pellucid, running

SETTLE = 2.0  # seconds until a server that was just loaded is at rest
SCRAPES = 30
MOST_MS = 20.0  # the target, at 500 routes and 8 workers
OPENMETRICS = "application/openmetrics-text;version=1.0.0"


@dataclass(frozen=True)
class Cost:
    """Of one format, a scrape. cpu_ms: of all the server's processes. wake_ups: of all workers,
    during all scrapes."""

    ms: float
    cpu_ms: float
    worst_ms: float
    bytes: int
    streams: int
    wake_ups: int

    def line(self, name: str) -> str:
        """The figures in words."""
        return (
            f"{name:<14}{self.ms:>7.1f} ms (worst of {SCRAPES}: {self.worst_ms:.1f}), "
            f"{self.cpu_ms:.1f} ms CPU, "
            f"{self.bytes / 1e6:.1f} MB, {self.streams} streams, "
            f"{self.wake_ups} wake-ups of workers"
        )


def _server(workers: int, admin_port: int) -> Server:
    sections = f'[http]\naccess_log = "off"\n[admin]\nbind = "127.0.0.1:{admin_port}"\n'
    return Server("pellucid", "wsgi", pellucid("wsgi", sections, workers=workers))


def _ask(connection: http.client.HTTPConnection, path: str) -> int:
    connection.request("GET", path)
    return int(connection.getresponse().read())


@contextmanager
def _connections(port: int, workers: int) -> Iterator[dict[int, http.client.HTTPConnection]]:
    """A connection to each worker, by its pid."""
    opened: list[http.client.HTTPConnection] = []
    found: dict[int, http.client.HTTPConnection] = {}
    end = time.monotonic() + 30
    try:
        while len(found) < workers:
            if time.monotonic() > end:
                raise RuntimeError(f"only {len(found)} of {workers} workers answer")
            opened.append(http.client.HTTPConnection("127.0.0.1", port, timeout=10))
            found.setdefault(_ask(opened[-1], "/0"), opened[-1])
        yield found
    finally:
        for connection in opened:
            connection.close()


def _fill(started: Started, workers: int, routes: int) -> list[int]:
    """Has every route asked for in every worker; the workers' pids."""
    with _connections(started.port, workers) as found:
        for connection in found.values():
            for route in range(routes):
                _ask(connection, f"/{route}")
        return list(found)


def _scrape(port: int, accept: str) -> tuple[float, bytes]:
    """Milliseconds from asking to the last byte, and the bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.connect()
    begin = time.perf_counter()
    connection.request("GET", "/metrics", headers={"Accept": accept})
    body = connection.getresponse().read()
    took = (time.perf_counter() - begin) * 1e3
    connection.close()
    return took, body


def _measure(port: int, session: int, accept: str, pids: list[int]) -> Cost:
    before, cpu = processes.wake_ups_of(pids), processes.cpu_seconds(session)
    scrapes = [_scrape(port, accept) for _ in range(SCRAPES)]
    cpu = processes.cpu_seconds(session) - cpu
    times = [ms for ms, _ in scrapes]
    body = scrapes[-1][1]
    return Cost(
        statistics.median(times),
        cpu * 1e3 / SCRAPES,
        max(times),
        len(body),
        body.count(b"\nhttp_server_request_duration_seconds_count{"),
        processes.wake_ups_of(pids) - before,
    )


def costs(programs: Programs, workers: int, routes: int) -> dict[str, Cost]:
    """The cost of a scrape in each format."""
    admin_port = client.free_port()
    with running(_server(workers, admin_port), "routes:app", programs) as started:
        pids = _fill(started, workers, routes)
        time.sleep(SETTLE)
        return {
            "text": _measure(admin_port, started.session, "text/plain;version=0.0.4", pids),
            "OpenMetrics": _measure(admin_port, started.session, OPENMETRICS, pids),
        }
