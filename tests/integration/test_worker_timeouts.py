"""Timeouts of a worker: what a slow client costs, and when it ends."""

from __future__ import annotations

import time

import pytest

from support.wire import request

APP = "transport:app"
HELLO = request("GET", "/hello")


@pytest.fixture(params=[1, 4], ids=["1 thread", "4 threads"])
def threads(request):
    return {"threads": request.param}


def elapsed(begin: float) -> float:
    return time.monotonic() - begin


def test_idle_connections_are_closed(worker, threads):
    running = worker(APP, {"server": threads, "http": {"keepalive_timeout": "1500ms"}})
    with running.connect() as wire:
        for _ in range(4):
            assert wire.send(HELLO).read().text == "hello"
            time.sleep(0.5)
        begin = time.monotonic()
        assert wire.is_closed()
        assert elapsed(begin) < 4 * running.target.patience


def test_empty_lines_begin_no_request(worker, threads):
    """Some clients send one behind a body (RFC 9112 2.2)."""
    running = worker(APP, {"server": threads, "http": {"header_timeout": "500ms"}})
    with running.connect() as wire, running.connect() as silent:
        silent.send(b"\r\n")
        assert wire.send(HELLO).read().text == "hello"
        wire.send(b"\r\n")
        assert silent.read_all() == b""
        time.sleep(0.6)
        wire.send(b"\r\n")
        assert wire.send(HELLO).read().text == "hello"


def test_no_keep_alive(worker, threads):
    running = worker(APP, {"server": threads, "http": {"keepalive_timeout": "0s"}})
    with running.connect() as wire:
        answer = wire.send(HELLO).read()
        assert answer.header("Connection") == "close"
        assert wire.is_closed()


def test_a_dribbled_head_is_408(worker, threads):
    running = worker(APP, {"server": threads, "http": {"header_timeout": "600ms"}})
    with running.connect() as wire:
        assert wire.send(HELLO).read().text == "hello"
        begin = time.monotonic()
        for byte in HELLO[:-2]:
            wire.send(bytes([byte]))
            time.sleep(0.05)
            if elapsed(begin) > 0.55:
                break
        assert wire.read().status == 408
        assert elapsed(begin) < 2 * running.target.patience
        assert wire.is_closed()
    running.wait_access(" 408 ")


def test_the_body_may_take_its_time(worker, threads):
    running = worker(APP, {"server": threads, "http": {"body_timeout": "1s"}})
    with running.connect() as wire:
        wire.send(request("POST", "/echo", {"Content-Length": "8"}))
        for byte in b"patience":
            time.sleep(0.3)
            wire.send(bytes([byte]))
        assert wire.read("POST").text == "patience"


def test_a_body_that_does_not_come_is_408(worker, threads):
    running = worker(APP, {"server": threads, "http": {"body_timeout": "500ms"}})
    with running.connect() as wire:
        wire.send(request("POST", "/echo", {"Content-Length": "8"}, b"half"))
        begin = time.monotonic()
        assert wire.read("POST").status in (408, 500)
        assert elapsed(begin) < 4 * running.target.patience
        assert wire.is_closed()


def test_a_client_that_takes_nothing_is_left(worker, threads):
    running = worker(APP, {"server": threads, "http": {"write_timeout": "500ms"}})
    with running.connect() as wire, running.connect() as other:
        wire.send(request("GET", "/big?n=50000000"))
        other.send(request("GET", "/stream?n=1000"))
        running.wait_log("stream: closed")
        time.sleep(1)
        assert len(wire.read_all()) < 50_000_000
    assert running.get("/hello").text == "hello"


def test_a_slow_but_steady_reader_is_served(worker, threads):
    running = worker(APP, {"server": threads, "http": {"write_timeout": "500ms"}})
    with running.connect() as wire:
        wire.send(request("GET", "/big?n=20000000"))
        got = 0
        for _ in range(12):
            time.sleep(0.1)
            got += len(wire.sock.recv(1 << 20))
        got += len(wire.read_exactly(20_000_000 - got))
        assert got == 20_000_000
