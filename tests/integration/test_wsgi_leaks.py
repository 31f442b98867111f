"""A worker that serves WSGI for long stays as large as it was."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.wire import request

APP = "wsgi_pep3333.app:app"
PATHS = (
    "/hello",
    "/environ?x",
    "/hints",
    "/validated?stream",
    "/raises_in_close",
    "/raises",
    "/small_file",
)
BATCH = 50


def load(server, path: str, n: int) -> None:
    """n requests for path, pipelined."""
    with server.connect(60) as wire:
        for start in range(0, n, BATCH):
            wire.send(request("GET", path) * BATCH)
            for _ in range(BATCH):
                answer = wire.read()
            if start % 5000 == 0:
                assert answer.status in (200, 500)


def told(server) -> dict:
    return json.loads(server.get("/tell").body)


def test_hello_stays_flat(worker, target):
    n = 10_000 if target.sanitize else 100_000
    server = worker(APP, {"server": {"threads": 2}, "http": {"access_log": "off"}})
    load(server, "/hello", n // 10)
    before = told(server)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: load(server, "/hello", n // 4), range(4)))
    after = told(server)
    assert after["objects"] - before["objects"] < 20
    if not target.sanitize:
        assert after["resident"] - before["resident"] < 1 << 20


def test_every_path_stays_flat(worker, target):
    n = 50 if target.sanitize else 300
    server = worker(APP, {"server": {"threads": 2}, "http": {"access_log": "off"}})

    def round_trip() -> None:
        for path in PATHS:
            for _ in range(n):
                server.get(path)

    for _ in range(3):  # until the allocators have what they will ever need
        round_trip()
    grown = []
    for _ in range(4):  # a thread that was not needed before may bring its malloc arena
        before = told(server)
        round_trip()
        after = told(server)
        assert after["objects"] - before["objects"] < 50
        grown.append(after["resident"] - before["resident"])
        if target.sanitize or grown[-1] < 1 << 20:
            return
    pytest.fail(f"resident memory grows with every round: {grown}")
