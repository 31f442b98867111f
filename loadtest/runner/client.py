"""The clients: one request to see that a server serves, and wrk to load it."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True)
class Load:
    """What wrk saw. Times in seconds; errors: of sockets, statuses of 400 and above, timeouts."""

    requests: int
    seconds: float
    p50: float
    p99: float
    errors: int


def free_port() -> int:
    """A free TCP port on loopback, outside the range of outgoing connections."""
    for _ in range(200):
        port = random.randrange(20000, 32000)
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise RuntimeError("no free port between 20000 and 32000")


def fetch(port: int, method: str, path: str, body: bytes, timeout: float = 5.0) -> bytes:
    """One request; the body of its answer. Raises RuntimeError unless it is a 200."""
    connection = HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body or None)
        answer = connection.getresponse()
        got = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{method} {path}: {answer.status} {got[:200]!r}")
    return got


def wait_until_serving(port: int, timeout: float, process: subprocess.Popen[bytes]) -> bool:
    """Waits until something is answered on port; False when process ends or time is up."""
    end = time.monotonic() + timeout
    while time.monotonic() < end and process.poll() is None:
        try:
            fetch(port, "GET", "/", b"", timeout)
            return True
        except RuntimeError:
            return True  # an answer, only not a 200: a framework has no such route
        except (OSError, HTTPException):
            time.sleep(0.05)
    return False


def load(
    port: int,
    path: str,
    body: bytes,
    connections: int,
    seconds: int,
    cpu: int | None,
    pause_ms: int = 0,
) -> Load:
    """Runs wrk with one thread for that many whole seconds, on that CPU.

    body: sent with POST when there is one. pause_ms: of each connection before a request, on
    average, which latencies do not contain. Raises RuntimeError when wrk fails.
    """
    pin = [] if cpu is None else ["taskset", "-c", str(cpu)]
    done = subprocess.run(
        [*pin, "wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", "10", "-s",
         str(SCRIPT), f"http://127.0.0.1:{port}{path}"],
        env=os.environ | {"WRK_BODY": body.decode("ascii"), "WRK_PAUSE_MS": str(pause_ms)},
        capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"wrk: {done.stderr or done.stdout}")
    seen = json.loads(done.stdout.splitlines()[-1])
    return Load(
        requests=seen["requests"], seconds=seen["us"] / 1e6, p50=seen["p50_us"] / 1e6,
        p99=seen["p99_us"] / 1e6, errors=seen["errors"],
    )  # fmt: skip
