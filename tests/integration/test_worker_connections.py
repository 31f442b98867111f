"""Connections of a worker: keeping, pipelining, splitting, refusing, leaving."""

from __future__ import annotations

import json
import socket
import time
from contextlib import ExitStack

import pytest

from support.processes import wait_for
from support.wire import request

APP = "transport:app"
HELLO = request("GET", "/hello")


@pytest.fixture(params=[1, 4], ids=["1 thread", "4 threads"])
def running(request, worker):
    return worker(APP, {"server": {"threads": request.param}})


def test_https_is_not_served_in_the_clear(worker):
    """RFC 9110 7.4, where no trusted proxy vouches for the connection."""
    running = worker(APP, {"server": {"trusted_proxies": []}})
    assert b" 421 " in running.raw(b"GET https://a/hello HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b" 200 " in running.raw(b"GET http://a/hello HTTP/1.1\r\nHost: a\r\n\r\n")


def test_a_close_that_is_certain_is_announced(worker):
    running = worker(APP)
    with running.connect() as wire:
        wire.send(request("POST", "/hello", {"Content-Length": "1000000"}))
        assert wire.read("POST").header("Connection") == "close"


def test_only_what_was_sent_of_a_body_counts(worker):
    running = worker(APP, {"http": {"access_log_format": "json"}})
    with running.connect() as wire:
        wire.send(request("GET", "/big?n=50000000"))
        wire.sock.recv(1000)
    line = json.loads(running.wait_access("\n").splitlines()[0])
    assert 0 < line["body_bytes"] < line["bytes_out"] < 50_000_000
    assert line["bytes_out"] - line["body_bytes"] < 300


def test_a_connection_is_kept(running):
    with running.connect() as wire:
        for _ in range(200):
            assert wire.send(HELLO).read().text == "hello"


def test_pipelined_requests_are_answered_in_order(running):
    pages = [("hello", "hello"), ("sleep?n=0.01", "slept"), ("big?n=70000", "x" * 70000)]
    with running.connect() as wire:
        wire.send(b"".join(request("GET", "/" + page) for page, _ in pages * 20))
        for _, body in pages * 20:
            assert wire.read().text == body


def test_a_deep_pipeline_is_read_as_it_is_answered(running):
    """More than is kept for a connection: the rest waits in the sockets."""
    n = 5000
    with running.connect(30) as wire:
        wire.sock.setblocking(False)
        left, answers = HELLO * n, b""
        end = time.monotonic() + 30 * running.target.patience
        while answers.count(b"hello") < n and time.monotonic() < end:
            try:
                left = left[wire.sock.send(left) :] if left else b""
            except BlockingIOError:
                pass
            try:
                answers += wire.sock.recv(1 << 20)
            except BlockingIOError:
                time.sleep(0.001)
        assert answers.count(b"\r\n\r\nhello") == n


@pytest.mark.parametrize(
    "data", [HELLO, request("POST", "/echo", body=b"0123456789")], ids=["GET", "POST"]
)
def test_a_request_may_be_split_anywhere(running, data):
    with running.connect() as wire:
        for cut in range(1, len(data)):
            wire.send(data[:cut])
            time.sleep(0.0005)
            wire.send(data[cut:])
            assert wire.read("POST").text in ("hello", "0123456789")


def test_a_request_may_come_byte_by_byte(running):
    with running.connect() as wire:
        for byte in request(
            "POST", "/echo", {"Transfer-Encoding": "chunked"}, b"3\r\nabc\r\n0\r\n\r\n"
        ):
            wire.send(bytes([byte]))
        assert wire.read("POST").text == "abc"


def test_the_client_may_stop_sending_before_it_reads(running):
    with running.connect() as wire:
        assert wire.send(request("GET", "/sleep?n=0.2")).end().read().text == "slept"
        assert wire.is_closed()


def test_an_unread_small_body_is_skipped(running):
    with running.connect() as wire:
        for size in (1, 60_000):
            assert wire.send(request("POST", "/ignore", body=b"b" * size)).read().text == "ignored"
        assert wire.send(HELLO).read().text == "hello"


def test_an_unread_large_body_closes_but_the_answer_arrives(running):
    with running.connect() as wire:
        wire.send(request("POST", "/ignore", {"Content-Length": "10000000"}))
        assert wire.read("POST").text == "ignored"
        wire.send(b"b" * 500_000)
        assert wire.read_all() == b""


def test_max_connections(worker):
    running = worker(APP, {"http": {"max_connections": 5}})
    with ExitStack() as stack:
        wires = [stack.enter_context(running.connect()) for _ in range(5)]
        for wire in wires:
            assert wire.send(HELLO).read().text == "hello"
        with running.connect() as refused:
            assert refused.is_closed()
        wires[0].close()

        def served() -> bool:
            with running.connect() as wire:
                return wire.send(HELLO).read_all(0.2).endswith(b"hello")

        wait_for("a place for another connection", served, 5)
        assert wires[1].send(HELLO).read().text == "hello"


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_addresses(worker, family):
    running = worker(APP, family=family)
    with running.connect() as wire:
        got = wire.send(request("GET", "/address")).read().text
        remote, remote_port, name, port = got.split()
        assert (remote, int(remote_port)) == wire.sock.getsockname()[:2]
        assert (name.strip("[]"), int(port)) == running.address


def test_unix_socket(worker):
    running = worker(APP, family=socket.AF_UNIX)
    with running.connect() as wire:
        for _ in range(3):
            assert wire.send(HELLO).read().text == "hello"


def test_a_client_that_leaves_ends_a_stream(running):
    with running.connect() as wire:
        wire.send(request("GET", "/stream?n=10000"))
        assert len(wire.read_exactly(300_000)) == 300_000
    running.wait_log("stream: closed")


def test_clients_that_leave_do_no_harm(running):
    for data in (b"", b"G", HELLO[:30], HELLO, request("POST", "/echo", {"Content-Length": "9"})):
        for _ in range(20):
            with running.connect() as wire:
                wire.send(data)
                wire.sock.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
                )  # a reset
    assert running.get("/hello").text == "hello"


def test_many_connections_need_little_memory(worker):
    running = worker(APP, {"server": {"threads": 1}})
    if running.target.sanitize:
        pytest.skip("sanitizers need memory of their own")
    n = 1000

    def memory() -> int:
        return int(running.get("/memory").text)

    def visit(wires: list) -> None:
        for wire in wires:
            wire.send(HELLO)
        for wire in wires:
            assert wire.read().text == "hello"

    with ExitStack() as stack:
        # Before: what requests leave behind once, such as spans in a ring that goes round.
        wires = [stack.enter_context(running.connect(30)) for _ in range(200)]
        for _ in range(50):
            visit(wires)
        before = memory()
        wires = [stack.enter_context(running.connect(30)) for _ in range(n)]
        for first in range(0, n, 100):  # it is connections at rest that are weighed
            visit(wires[first : first + 100])
        assert memory() - before <= 2 * n


def test_a_slow_reader_costs_no_memory(worker):
    """A stream waits for its client; what is unsent is bounded."""
    running = worker(APP, {"server": {"threads": 2}})
    before = int(running.get("/memory").text)
    with running.connect() as wire:
        wire.send(request("GET", "/stream?n=3000"))
        wire.read_until(b"\r\n\r\n")
        time.sleep(0.5)
        assert running.get("/hello").text == "hello"
        assert int(running.get("/memory").text) - before < 16_000
